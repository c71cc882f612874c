import { ManualClock } from "@gengfu/shared/time/clock";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Level } from "./line-driver.ts";
import { LineWatcher } from "./line-watcher.ts";
import { gpioSchema, type GpioLineConfig } from "./schema.ts";

let clock: ManualClock;
let told: { at: number; value: number | null; kind: string; channel: string | null }[];
let troubles: string[];
/** What the hardware says when it is asked; null where it can't be. */
let hardware: Level | null;
let watcher: LineWatcher;
beforeEach(() => {
  clock = new ManualClock();
  told = [];
  troubles = [];
  hardware = 0;
});

function watch(config: Record<string, unknown> = {}, total = 0): void {
  const parsed = gpioSchema.parse({ lines: [{ offset: 17, device: "panel", channel: "fire", ...config }] });
  watcher = new LineWatcher({
    config: parsed.lines[0] as GpioLineConfig,
    clock,
    total,
    tell: ({ value, kind, channel }, at) => told.push({ at, value, kind, channel }),
    ask: () => {
      if (hardware === null) return Promise.reject(new Error("EIO"));
      watcher.level(hardware, null);
      return Promise.resolve();
    },
    onTrouble: (trouble, isOn) => troubles.push(`${trouble} ${isOn ? "on" : "off"}`),
  });
  watcher.start();
  watcher.level(hardware ?? 0, null);
}

function edge(level: Level, edge_ms: number | null = null): void {
  hardware = level;
  watcher.level(level, edge_ms);
}

const values = () => told.map(({ value }) => value);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a line", () => {
  it("tells its state at the start, and each change once it has settled, as of its first edge", () => {
    watch();
    expect(told).toEqual([{ at: 0, value: 0, kind: "contact", channel: "fire" }]);
    clock.advance(1_000);
    for (const level of [1, 0, 1, 0, 1] as const) {
      edge(level);
      clock.advance(5);
    }
    expect(values()).toEqual([0]);
    clock.advance(15);
    expect(told[1]).toMatchObject({ at: 1_000, value: 1 });
    edge(0);
    clock.advance(20);
    expect(values()).toEqual([0, 1, 0]);
  });

  it("does not tell of a flicker shorter than the debounce", () => {
    watch({ debounce: "50ms" });
    edge(1);
    clock.advance(10);
    edge(0);
    clock.advance(1_000);
    expect(values()).toEqual([0]);
  });

  it("is told all the same when it never comes to rest", () => {
    watch();
    for (let count = 0; count < 25; count++) {
      edge(0);
      edge(1);
      clock.advance(10);
    }
    expect(values()).toContain(1);
  });

  it("knows from the times of its edges what held for long enough, however late they come in", () => {
    watch({ kind: "count", debounce: "20ms" });
    const edges: [Level, number][] = [
      [1, 1_000],
      [0, 1_030],
      [1, 1_060],
      [0, 1_065],
      [1, 1_070],
      [0, 1_100],
    ];
    for (const [level, edge_ms] of edges) edge(level, edge_ms);
    clock.advance(2_000);
    expect(values()).toEqual([0, 2]);
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
    hardware = level;
    watch({ active_low, normally });
    expect(values()).toEqual([value]);
  });

  it.each(["fire", "fault", "disabled", "supervisory", "mains", "battery", "mode"])(
    "that means %s is told on the channel of that name",
    (meaning) => {
      watch({ channel: undefined, meaning });
      expect(told[0]?.channel).toBe(meaning);
    },
  );

  it("tells its state again from time to time, and finds a change whose edge was missed", async () => {
    watch({ repeat: "10s" });
    clock.advance(10_000);
    await turn();
    expect(told[1]).toMatchObject({ at: 10_000, value: 0 });
    hardware = 1;
    clock.advance(10_000);
    await turn();
    clock.advance(20);
    expect(values()).toEqual([0, 0, 1]);
  });

  it("says nothing of its state while nothing is known of it", async () => {
    watch({ repeat: "10s" });
    hardware = null;
    clock.advance(30_000);
    await turn();
    expect(values()).toEqual([0]);
    hardware = 0;
    clock.advance(10_000);
    await turn();
    expect(values()).toEqual([0, 0]);
  });

  it("always ends up telling how it stands, whatever it did before", () => {
    const step = fc.record({ level: fc.constantFrom<Level>(0, 1), wait: fc.nat(60), isTimed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        clock = new ManualClock();
        hardware = 0;
        told = [];
        watch();
        for (const { level, wait, isTimed } of steps) {
          if (level !== hardware) edge(level, isTimed ? clock.monotonic() : null);
          clock.advance(wait);
        }
        clock.advance(5_000);
        expect(values().at(-1)).toBe(hardware);
        const ats = told.map(({ at }) => at);
        expect(ats).toEqual(ats.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("a count", () => {
  it("goes on from where it was, and is told once a second at most", () => {
    watch({ kind: "count", debounce: "0ms" }, 40);
    for (let pulse = 0; pulse < 10; pulse++) {
      edge(1);
      edge(0);
    }
    expect(values()).toEqual([40]);
    clock.advance(1_000);
    expect(told.map(({ kind, value }) => [kind, value])).toEqual([
      ["count", 40],
      ["count", 50],
    ]);
    clock.advance(5_000);
    edge(1);
    expect(values()).toEqual([40, 50, 51]);
    expect(watcher.total).toBe(51);
  });

  it("tells at the end what it has not told yet", () => {
    watch({ kind: "count", debounce: "0ms" });
    edge(1);
    watcher.stop();
    expect(values()).toEqual([0, 1]);
    clock.advance(120_000);
    expect(values()).toEqual([0, 1]);
  });

  it("does not count a line that is on when it starts", () => {
    hardware = 1;
    watch({ kind: "count", debounce: "0ms" });
    expect(values()).toEqual([0]);
  });
});

describe("a line that chatters", () => {
  function chatter(changes: number): void {
    for (let change = 0; change < changes; change++) {
      edge(hardware === 0 ? 1 : 0);
      clock.advance(100);
    }
  }

  it("is reported once, told seldom, and told how it stands within seconds", () => {
    watch({ debounce: "1ms", chatter_per_minute: 10 });
    chatter(10);
    expect([troubles, told.length]).toEqual([[], 11]);
    chatter(401);
    expect(troubles).toEqual(["chatter on"]);
    expect(told.length).toBeLessThan(22);
    clock.advance(5_000);
    expect(values().at(-1)).toBe(hardware);
  });

  it("is well again after a minute without", () => {
    watch({ debounce: "1ms", chatter_per_minute: 10 });
    chatter(200);
    clock.advance(180_000);
    expect(troubles).toEqual(["chatter on", "chatter off"]);
    const before = told.length;
    edge(hardware === 0 ? 1 : 0);
    clock.advance(1);
    expect(told.length).toBe(before + 1);
  });

  it("counts all its pulses, where it counts", () => {
    watch({ kind: "count", debounce: "1ms", chatter_per_minute: 10 });
    chatter(200);
    clock.advance(5_000);
    expect(values().at(-1)).toBe(100);
  });
});

describe("a line that must change now and then", () => {
  it("is reported when it does not, until it does", () => {
    watch({ kind: "count", stuck_after: "1h" });
    clock.advance(3_599_999);
    expect(troubles).toEqual([]);
    clock.advance(1);
    expect(troubles).toEqual(["stuck on"]);
    edge(1);
    clock.advance(20);
    expect(troubles).toEqual(["stuck on", "stuck off"]);
    clock.advance(3_600_000);
    expect(troubles).toEqual(["stuck on", "stuck off", "stuck on"]);
    watcher.stop();
    expect(troubles.at(-1)).toBe("stuck off");
  });
});
