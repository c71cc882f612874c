import { ManualClock } from "@gengfu/shared/time/clock";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeGpio } from "../../testing/fake-gpio.ts";
import { LineWatcher } from "./line-watcher.ts";
import { gpioSchema, type GpioLineConfig } from "./schema.ts";

let gpio: FakeGpio;
let clock: ManualClock;
let told: { at: number; value: number | null; kind: string; channel: string | null }[];
let troubles: string[];
beforeEach(() => {
  gpio = new FakeGpio();
  clock = new ManualClock();
  told = [];
  troubles = [];
});

function watch(config: Record<string, unknown> = {}): LineWatcher {
  const parsed = gpioSchema.parse({ lines: [{ offset: 17, device: "panel", channel: "fire", ...config }] });
  const watcher = new LineWatcher({
    line: gpio.open(17),
    config: parsed.lines[0] as GpioLineConfig,
    clock,
    tell: ({ value, kind, channel }, at) => told.push({ at, value, kind, channel }),
    onTrouble: (error) => troubles.push(error === null ? "over" : "begun"),
  });
  watcher.start();
  return watcher;
}

const values = () => told.map(({ value }) => value);

describe("a line", () => {
  it("tells its state at the start, and each change once it has settled, as of its first edge", () => {
    watch();
    expect(told).toEqual([{ at: 0, value: 0, kind: "contact", channel: "fire" }]);
    clock.advance(1_000);
    for (const level of [1, 0, 1, 0, 1] as const) {
      gpio.set(17, level);
      clock.advance(5);
    }
    expect(values()).toEqual([0]);
    clock.advance(15);
    expect(told[1]).toMatchObject({ at: 1_000, value: 1 });
    gpio.set(17, 0);
    clock.advance(20);
    expect(values()).toEqual([0, 1, 0]);
  });

  it("does not tell of a flicker shorter than the debounce", () => {
    watch({ debounce: "50ms" });
    gpio.set(17, 1);
    clock.advance(10);
    gpio.set(17, 0);
    clock.advance(1_000);
    expect(values()).toEqual([0]);
  });

  it("is read all the same when it never comes to rest", () => {
    watch();
    for (let edge = 0; edge < 25; edge++) {
      gpio.set(17, 0);
      gpio.set(17, 1);
      clock.advance(10);
    }
    expect(values()).toContain(1);
  });

  it.each([
    [false, "open", 0, 0],
    [false, "open", 1, 1],
    [true, "open", 1, 0],
    [true, "open", 0, 1],
    [false, "closed", 1, 0],
    [false, "closed", 0, 1],
    [true, "closed", 0, 0],
    [true, "closed", 1, 1],
  ] as const)("with active_low %s, normally %s, at level %i reads %i", (active_low, normally, level, value) => {
    gpio.levels.set(17, level);
    watch({ active_low, normally });
    expect(values()).toEqual([value]);
  });

  it("counts how often it signalled", () => {
    watch({ kind: "count", debounce: "0ms" });
    for (const level of [1, 0, 1, 0] as const) gpio.set(17, level);
    expect(told.map(({ kind, value }) => [kind, value])).toEqual([0, 1, 1, 2, 2].map((value) => ["count", value]));
  });

  it("tells its state again from time to time, and finds a change whose edge was missed", () => {
    watch({ repeat: "10s" });
    clock.advance(10_000);
    expect(told[1]).toMatchObject({ at: 10_000, value: 0 });
    gpio.levels.set(17, 1);
    clock.advance(10_000);
    expect(values()).toEqual([0, 0, 1]);
  });

  it("says once that it can't be read, and when it can again", () => {
    const watcher = watch({ repeat: "10s" });
    gpio.failing = new Error("EIO");
    clock.advance(30_000);
    expect([values(), troubles]).toEqual([[0], ["begun"]]);
    gpio.failing = null;
    clock.advance(10_000);
    expect([values(), troubles]).toEqual([
      [0, 0],
      ["begun", "over"],
    ]);
    watcher.stop();
  });

  it("always ends up telling how it stands, whatever it did before", () => {
    const step = fc.record({ level: fc.constantFrom<0 | 1>(0, 1), wait: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        gpio = new FakeGpio();
        clock = new ManualClock();
        told = [];
        watch();
        for (const { level, wait } of steps) {
          gpio.set(17, level);
          clock.advance(wait);
        }
        clock.advance(20);
        expect(values().at(-1)).toBe(gpio.levels.get(17) ?? 0);
        const ats = told.map(({ at }) => at);
        expect(ats).toEqual(ats.toSorted((a, b) => a - b));
      }),
    );
  });
});
