import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadSysfsDriver } from "./sysfs-driver.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gengfu-gpio-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function withChip(): void {
  writeFileSync(join(root, "export"), "");
  mkdirSync(join(root, "gpiochip512"));
  for (const [file, text] of [
    ["label", "pinctrl-bcm2835\n"],
    ["base", "512\n"],
    ["ngpio", "54\n"],
  ] as const) {
    writeFileSync(join(root, "gpiochip512", file), text);
  }
}

it("says what to do on a machine without GPIO", async () => {
  const loaded = await loadSysfsDriver("inputs", { clock, root: join(root, "none") });
  expect(loaded).toEqual({
    unavailable: { zh: expect.stringContaining("树莓派"), en: expect.stringContaining("Raspberry Pi") },
  });
});

it("loads onoff where there is GPIO, or says how to build its addon; a line that is not there can't be opened", async () => {
  withChip();
  const loaded = await loadSysfsDriver("inputs", { clock, root });
  if ("unavailable" in loaded) {
    expect(loaded.unavailable.en).toContain("npm rebuild");
    return;
  }
  const listener = { onLevel: () => undefined, onLost: () => undefined };
  const opened = loaded.driver.openInput({ chip: "pinctrl-bcm2835", offset: 54 }, listener);
  await expect(opened).rejects.toMatchObject({ code: "gpio_line_missing", message: expect.stringContaining("(54)") });
});

it("switches outputs without onoff, and leaves them driven", async () => {
  withChip();
  mkdirSync(join(root, "gpio529"));
  const loaded = await loadSysfsDriver("outputs", { clock, root });
  if ("unavailable" in loaded) throw new Error(loaded.unavailable.en);
  const read = (file: string): string => readFileSync(join(root, "gpio529", file), "utf8");
  const line = await loaded.driver.openOutput({ chip: "pinctrl-bcm2835", offset: 17 }, 1, () => undefined);
  expect([read("active_low"), read("direction")]).toEqual(["0", "high"]);
  await line.write(0);
  expect(read("value")).toBe("0");
  line.writeNow(1);
  await line.close();
  expect([read("value"), readFileSync(join(root, "export"), "utf8")]).toEqual(["1", ""]);
});
