import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadOnoffDriver } from "./onoff-driver.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gengfu-gpio-"));
});
afterEach(() => rmSync(root, { recursive: true }));

it("says what to do on a machine without GPIO", async () => {
  const loaded = await loadOnoffDriver(join(root, "none"));
  expect(loaded).toEqual({
    unavailable: { zh: expect.stringContaining("树莓派"), en: expect.stringContaining("Raspberry Pi") },
  });
});

it("loads onoff where there is GPIO, or says how to build its addon; a line that is not there can't be opened", async () => {
  writeFileSync(join(root, "export"), "");
  const loaded = await loadOnoffDriver(root);
  if ("driver" in loaded) expect(() => loaded.driver.open(1_000_000)).toThrow();
  else expect(loaded.unavailable.en).toContain("npm rebuild");
});
