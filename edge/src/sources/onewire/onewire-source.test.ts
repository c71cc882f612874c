import { spawnSync } from "node:child_process";
import { constants, mkdirSync, readFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pause, systemClock, ManualClock } from "@gengfu/shared/time/clock";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Deliver } from "../../intake/message.ts";
import { SysfsTree } from "../../testing/sysfs-tree.ts";
import { Troubles } from "../../troubles.ts";
import { readKernelFile, type ReadFile } from "../kernel-files.ts";
import { OnewireSource } from "./onewire-source.ts";
import { onewireSchema } from "./schema.ts";

const supply = "28-0316a2795cff";
const back = "28-0416b35e01ff";

let tree: SysfsTree;
let clock: ManualClock;
let troubles: Troubles;
let lines: { msg: string; unclaimed?: string[] }[];
let delivered: [string | null, number | null][];
let source: OnewireSource;
/** Files that were read, or found missing. */
let reads: number;
const deliver: Deliver = (_, { channel, value }) => {
  delivered.push([channel, value]);
  return Promise.resolve();
};
beforeEach(() => {
  tree = new SysfsTree();
  clock = new ManualClock();
  troubles = new Troubles();
  lines = [];
  delivered = [];
  reads = 0;
});
afterEach(async () => {
  await source.stop();
  tree.remove();
});

async function start(sensors: Record<string, unknown>[], read: ReadFile = readKernelFile): Promise<void> {
  source = new OnewireSource({
    config: onewireSchema.parse({ folder: tree.folder, sensors }),
    troubles,
    clock,
    logger: pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line) as { msg: string }) }),
    read: (path) => read(path).finally(() => (reads += 1)),
  });
  await source.start(deliver);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(systemClock, 1);
}

/** Waits for so many reads since the start, and for what follows from them. */
async function untilRead(count: number): Promise<void> {
  await until(() => reads >= count);
  await new Promise((resolve) => setImmediate(resolve));
}

const slave = (thousandths: number): string => `${"72 ".repeat(9)}: crc=57 YES\n${"72 ".repeat(9)}t=${thousandths}\n`;

describe("1-Wire thermometers", () => {
  it("are read at once and in each interval, each for its channel, with its offset", async () => {
    tree.write(`${supply}/temperature`, "64125\n");
    tree.write(`${supply}/w1_slave`, slave(1));
    tree.write(`${back}/w1_slave`, slave(48_062));
    await start([
      { id: supply, device: "boiler", channel: "supply" },
      { id: back, device: "boiler", channel: "return", offset: -0.4 },
    ]);
    await until(() => delivered.length === 2);
    expect(new Map(delivered)).toEqual(
      new Map([
        ["supply", 64.125],
        ["return", 47.662],
      ]),
    );
    tree.write(`${supply}/temperature`, "65000\n");
    clock.advance(29_999);
    expect(reads).toBe(3);
    clock.advance(1);
    await until(() => delivered.length === 4);
    expect(delivered.slice(2)).toContainEqual(["supply", 65]);
    expect(troubles.list()).toEqual([]);
  });

  it("that are missing are named with those that are there, and those that nobody claims are listed", async () => {
    tree.write(`${supply}/temperature`, "64125\n");
    tree.write("28-0000000000aa/temperature", "1\n");
    tree.write("w1_bus_master1/w1_master_slaves", "");
    await start([
      { id: supply, device: "boiler", channel: "supply" },
      { id: back, device: "boiler", channel: "return" },
    ]);
    await until(() => troubles.list().length > 0 && delivered.length > 0);
    expect(troubles.list()).toEqual([expect.stringMatching(`${back} 不在总线上.*${supply}.*not on the bus`)]);
    expect(troubles.list()[0]).toContain("28-0000000000aa");
    expect(lines.filter(({ unclaimed }) => unclaimed !== undefined)).toMatchObject([
      { unclaimed: ["28-0000000000aa"] },
    ]);
    tree.write(`${back}/temperature`, "40000\n");
    clock.advance(30_000);
    await until(() => troubles.list().length === 0);
    clock.advance(30_000);
    await until(() => delivered.length === 5);
    expect(lines.filter(({ unclaimed }) => unclaimed !== undefined)).toHaveLength(1);
  });

  it("may miss two readings in a row without a trouble, and believe 85 degC only near it", async () => {
    tree.write(`${supply}/temperature`, "85000\n");
    await start([{ id: supply, device: "boiler" }]);
    await untilRead(1);
    const poll = async (text: string): Promise<void> => {
      tree.write(`${supply}/temperature`, text);
      const before = reads;
      clock.advance(30_000);
      await untilRead(before + 1);
    };
    for (const text of ["bad", "81000", "85000", "60000", "85000", "85000"]) await poll(text);
    expect(delivered.map(([, value]) => value)).toEqual([81, 85, 60]);
    expect(troubles.list()).toEqual([]);
    await poll("85000");
    expect(troubles.list()).toEqual([expect.stringContaining("停在上电值 85")]);
    expect(delivered).toHaveLength(3);
  });

  it("that hang hold up neither the others nor the end", async () => {
    for (const id of [back, supply]) mkdirSync(tree.path(id), { recursive: true });
    const pipe = tree.path(`${back}/temperature`);
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    tree.write(`${supply}/temperature`, "64125\n");
    // without O_NONBLOCK a pipe that nobody writes to holds its thread, as a bus does that hangs in the kernel
    await start(
      [
        { id: back, device: "boiler", channel: "return" },
        { id: supply, device: "boiler", channel: "supply" },
      ],
      (path) => readFile(path, "utf8"),
    );
    for (let round = 1; round <= 4; round++) {
      await until(() => delivered.length === round);
      clock.advance(5_000);
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(25_000);
    }
    await until(() => troubles.list().length === 1);
    expect(troubles.list()[0]).toContain(`${back} 没有应答`);
    await source.stop();
    const writer = await open(pipe, constants.O_WRONLY);
    await writer.close();
  });

  it("do not hang at a pipe in their place", async () => {
    mkdirSync(tree.path(supply));
    expect(spawnSync("mkfifo", [tree.path(`${supply}/temperature`)]).status).toBe(0);
    await start([{ id: supply, device: "boiler" }]);
    for (let round = 1; round <= 3; round++) {
      await untilRead(round);
      clock.advance(30_000);
    }
    await until(() => troubles.list().length === 1);
  });
});

describe("the configuration", () => {
  it("is as the README shows it", () => {
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const sample = /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "";
    const { onewire } = parse(sample) as { onewire: unknown };
    expect(onewireSchema.parse(onewire)).toEqual({
      folder: "/sys/bus/w1/devices",
      interval: 30_000,
      sensors: [
        { id: supply, device: "boiler-1", channel: "supply", offset: 0 },
        { id: back, device: "boiler-1", channel: "return", offset: -0.4 },
      ],
    });
  });

  it("refuses one sensor or one meaning twice, and what is no thermometer", () => {
    const refused = onewireSchema.safeParse({
      sensors: [
        { id: supply, device: "boiler" },
        { id: supply, device: "pump-room" },
        { id: back, device: "boiler" },
      ],
    });
    expect(refused.error?.issues.map(({ path }) => path)).toEqual([
      ["sensors", 1, "id"],
      ["sensors", 2, "channel"],
    ]);
    expect(onewireSchema.safeParse({ sensors: [{ id: "../../etc", device: "boiler" }] }).success).toBe(false);
  });
});
