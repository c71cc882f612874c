import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ManualClock } from "@gengfu/shared/time/clock";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Deliver } from "../../intake/message.ts";
import { FakeGpio } from "../../testing/fake-gpio.ts";
import { Troubles } from "../../troubles.ts";
import { GpioSource } from "./gpio-source.ts";
import type { LoadedDriver } from "./load-driver.ts";
import { gpioSchema } from "./schema.ts";
import { loadSysfsDriver } from "./sysfs-driver.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let gpio: FakeGpio;
let clock: ManualClock;
let troubles: Troubles;
let lines: string[];
let delivered: [string, string | null, number | null][];
const deliver: Deliver = (device, { channel, value }) => {
  delivered.push([device, channel, value]);
  return Promise.resolve();
};
beforeEach(() => {
  gpio = new FakeGpio();
  clock = new ManualClock();
  troubles = new Troubles();
  lines = [];
  delivered = [];
});

function source(
  wired: Record<string, unknown>[],
  load: () => Promise<LoadedDriver> = () => Promise.resolve({ driver: gpio }),
) {
  return new GpioSource({
    config: gpioSchema.parse({ lines: wired }),
    loadDriver: load,
    totals: new Map([["gate/count/-", 22_000]]),
    troubles,
    clock,
    logger: pino({ level: "warn" }, { write: (line: string) => void lines.push(line) }),
  });
}

describe("the GPIO source", () => {
  it("tells how every line stands, then its changes", async () => {
    gpio.levels.set(17, 1);
    const gpioSource = source([
      { offset: 17, device: "panel", channel: "fire" },
      { offset: 27, device: "panel", channel: "mains", normally: "closed" },
    ]);
    await gpioSource.start(deliver);
    await turn();
    gpio.set(17, 0);
    clock.advance(20);
    await turn();
    expect(delivered).toEqual([
      ["panel", "fire", 1],
      ["panel", "mains", 1],
      ["panel", "fire", 0],
    ]);
    await gpioSource.stop();
  });

  it("goes on without a driver, and says so once and for as long as it lasts", async () => {
    const gpioSource = source([{ offset: 17, device: "panel" }], () =>
      loadSysfsDriver("inputs", { clock, root: "/nowhere" }),
    );
    await gpioSource.start(deliver);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("no /sys/class/gpio");
    expect(troubles.list()).toEqual([expect.stringContaining("没有 GPIO")]);
    await gpioSource.stop();
    expect(troubles.list()).toEqual([]);
  });

  it("goes on with the other lines where one can't be had, and takes that one when it can", async () => {
    const holder = await gpio.openOutput({ chip: "pinctrl-bcm2835", offset: 1 }, 0);
    const gpioSource = source([
      { offset: 1, device: "panel", channel: "taken" },
      { offset: 17, device: "panel", meaning: "fire" },
    ]);
    await gpioSource.start(deliver);
    await turn();
    expect(delivered).toEqual([["panel", "fire", 0]]);
    expect(troubles.list()).toHaveLength(1);
    expect(lines.join()).toContain("EBUSY");
    clock.advance(30_000);
    await turn();
    expect(lines).toHaveLength(1);
    await holder.close();
    clock.advance(5_000);
    await turn();
    await turn();
    expect(troubles.list()).toEqual([]);
    expect(delivered.at(-1)).toEqual(["panel", "taken", 0]);
    await gpioSource.stop();
  });

  it("goes on with the total of an earlier process, and with its own", async () => {
    const gpioSource = source([{ offset: 17, device: "gate", kind: "count", debounce: "0ms" }]);
    await gpioSource.start(deliver);
    gpio.set(17, 1);
    await gpioSource.stop();
    await gpioSource.start(deliver);
    await gpioSource.stop();
    expect(delivered.map(([, , total]) => total)).toEqual([22_000, 22_001, 22_001]);
  });

  it("says what is wrong with the wiring, in words and with the name of what is wired", async () => {
    const gpioSource = source([
      { offset: 17, device: "panel", meaning: "fault", debounce: "0ms", chatter_per_minute: 2 },
      { offset: 22, device: "gate", kind: "count", stuck_after: "2h" },
    ]);
    await gpioSource.start(deliver);
    for (const level of [1, 0, 1] as const) gpio.set(17, level);
    expect(troubles.list().join()).toContain("panel 故障) 频繁跳变");
    clock.advance(7_200_000);
    expect(troubles.list().join()).toContain("has not changed for 2h");
    await gpioSource.stop();
    expect(troubles.list()).toEqual([]);
  });

  it("counts what it had to drop, over restarts too", async () => {
    const gpioSource = source([{ offset: 17, device: "panel", debounce: "0ms", chatter_per_minute: 1_000_000 }]);
    for (const total of [500, 1_000]) {
      await gpioSource.start(() => new Promise(() => undefined));
      for (let edge = 0; edge < 1_499; edge++) gpio.set(17, edge % 2 === 0 ? 1 : 0);
      expect(gpioSource.dropped).toBe(total);
      await gpioSource.stop();
      gpio.set(17, 0);
    }
  });

  it("leaks nothing over a thousand starts and stops", async () => {
    let timers = 0;
    const after = clock.after.bind(clock);
    clock.after = (delay_ms, callback) => {
      timers += 1;
      let isOver = false;
      const over = (): void => {
        if (!isOver) timers -= 1;
        isOver = true;
      };
      const cancel = after(delay_ms, () => {
        over();
        callback();
      });
      return () => {
        over();
        cancel();
      };
    };
    const gpioSource = source([
      { offset: 17, device: "panel" },
      { offset: 27, device: "panel", channel: "b" },
    ]);
    for (let round = 0; round < 1_000; round++) {
      await gpioSource.start(deliver);
      expect([gpio.held, timers]).toEqual([2, 2]);
      gpio.set(17, round % 2 === 0 ? 1 : 0);
      await gpioSource.stop();
      expect([gpio.held, timers]).toEqual([0, 0]);
    }
    await turn();
    const before = delivered.length;
    gpio.set(17, 1);
    clock.advance(120_000);
    await turn();
    expect(delivered).toHaveLength(before);
  });
});

describe("the configuration", () => {
  it("is as the README shows it", () => {
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const sample = /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "";
    const { gpio: parsed } = parse(sample) as { gpio: unknown };
    const { lines: shown, outputs } = gpioSchema.parse(parsed);
    expect(shown).toMatchObject([
      { chip: "pinctrl-bcm2835", offset: 17, kind: "contact", channel: "fire", debounce: 20, repeat: 60_000 },
      { offset: 27, channel: "mains", normally: "closed", debounce: 50 },
      { offset: 23, channel: "mode", normally: "open" },
      {
        offset: 22,
        device: "screening-gate",
        kind: "count",
        channel: undefined,
        debounce: 5,
        stuck_after: 259_200_000,
      },
    ]);
    expect(outputs).toMatchObject([
      { name: "siren", offset: 5, active_low: false, safe: "off" },
      { name: "beacon", offset: 6, active_low: true },
    ]);
  });

  it("refuses one line or one meaning twice", () => {
    const twice = gpioSchema.safeParse({
      lines: [
        { offset: 17, device: "panel", channel: "fire" },
        { offset: 17, device: "panel", channel: "fault" },
        { offset: 18, device: "panel", meaning: "fire" },
      ],
      outputs: [
        { name: "siren", offset: 18 },
        { name: "siren", offset: 19 },
      ],
    });
    expect(twice.error?.issues.map(({ path }) => path)).toEqual([
      ["lines", 1, "offset"],
      ["lines", 2, "channel"],
      ["outputs", 0, "offset"],
      ["outputs", 1, "name"],
    ]);
  });

  it("refuses a section without anything, and a meaning of a count", () => {
    expect(gpioSchema.safeParse({}).success).toBe(false);
    expect(gpioSchema.safeParse({ outputs: [{ name: "siren", offset: 18 }] }).success).toBe(true);
    const counted = gpioSchema.safeParse({ lines: [{ offset: 17, device: "panel", kind: "count", meaning: "fire" }] });
    expect(counted.error?.issues.map(({ path }) => path)).toEqual([["lines", 0, "meaning"]]);
  });
});
