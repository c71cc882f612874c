import { readFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock, pause, systemClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parse } from "yaml";
import type { Deliver } from "../../intake/message.ts";
import { SysfsTree } from "../../testing/sysfs-tree.ts";
import { Troubles } from "../../troubles.ts";
import { CurrentLoopSource } from "./current-loop-source.ts";
import { currentLoopSchema } from "./schema.ts";

let tree: SysfsTree;
let troubles: Troubles;
let source: CurrentLoopSource | undefined;
let delivered: [string, string, number | null][];
const deliver: Deliver = (device, { kind, value }) => {
  delivered.push([device, kind, value]);
  return Promise.resolve();
};
beforeEach(() => {
  tree = new SysfsTree();
  troubles = new Troubles();
  delivered = [];
});
afterEach(async () => {
  await source?.stop();
  tree.remove();
});

const points = [
  { milliamps: 4, value: 0 },
  { milliamps: 20, value: 5 },
];

async function start(...inputs: Record<string, unknown>[]): Promise<void> {
  const wired = inputs.map((input) => ({ shunt_ohms: 250, points, device: "tank", ...input }));
  source = new CurrentLoopSource({
    config: currentLoopSchema.parse({ folder: tree.folder, inputs: wired }),
    troubles,
    clock: new ManualClock(),
    logger: silentLogger,
  });
  await source.start(deliver);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(systemClock, 1);
}

it("finds a converter by name, label or folder, and its scale whether its own or shared", async () => {
  tree.write("iio:device0/name", "ads1015\n");
  tree.write("iio:device0/in_voltage0_raw", "16000\n");
  tree.write("iio:device0/in_voltage0_scale", "0.1875\n");
  tree.write("iio:device1/name", "mcp3421\n");
  tree.write("iio:device1/label", "pump-house\n");
  tree.write("iio:device1/in_voltage0-voltage1_raw", "1950\n");
  tree.write("iio:device1/in_voltage_scale", "2\n");
  tree.write("iio:device1/in_voltage0-voltage1_offset", "50\n");
  tree.write("trigger0/name", "sysfstrig1\n");
  await start(
    { adc: "ads1015", input: "voltage0" },
    { adc: "pump-house", input: "voltage0-voltage1", device: "pump", kind: "pressure" },
    { adc: "iio:device0", input: "voltage0", device: "other" },
  );
  await until(() => delivered.length === 3);
  expect(delivered).toContainEqual(["tank", "level", 2.5]);
  expect(delivered).toContainEqual(["pump", "pressure", 3.75]);
  expect(delivered).toContainEqual(["other", "level", 2.5]);
  expect(troubles.list()).toEqual([]);
});

it("names the converters that are there where one is not", async () => {
  tree.write("iio:device0/name", "ads1015\n");
  await start({ adc: "ads1115", input: "voltage0" });
  await until(() => troubles.list().length === 1);
  expect(troubles.list()[0]).toMatch(/ads1115 voltage0.*iio:device0、ads1015/);
});

it("does not tell a level below the bottom", async () => {
  tree.write("iio:device0/name", "ads1015\n");
  tree.write("iio:device0/in_voltage0_raw", "3900\n");
  tree.write("iio:device0/in_voltage0_scale", "0.25\n");
  await start({ adc: "ads1015", input: "voltage0" });
  await until(() => delivered.length === 1);
  expect(delivered).toEqual([["tank", "level", 0]]);
});

it("is configured as the README shows it", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const sample = /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const parsed = currentLoopSchema.parse((parse(sample) as { current_loop: unknown }).current_loop);
  expect(parsed).toMatchObject({
    interval: 10_000,
    inputs: [{ adc: "ads1015", input: "voltage0", shunt_ohms: 150, kind: "level", device: "tank-fire" }],
  });
});

it("refuses one input or one meaning twice", () => {
  const wired = (adc: string, device: string): object => ({ adc, input: "voltage0", shunt_ohms: 250, points, device });
  const inputs = [wired("a", "tank"), wired("a", "pump"), wired("b", "tank")];
  expect(currentLoopSchema.safeParse({ inputs }).error?.issues.map(({ path }) => path)).toEqual([
    ["inputs", 1, "input"],
    ["inputs", 2, "channel"],
  ]);
});
