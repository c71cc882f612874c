import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import type { Output } from "../outputs/output.ts";
import { ReaderSignals } from "./reader-signals.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes down for how long it was on and off, in milliseconds. */
class Lamp implements Output {
  readonly name: string;
  readonly phases: [on: boolean, for_ms: number][] = [];
  isOn = false;
  #since_ms = 0;
  readonly #clock: ManualClock;

  constructor(name: string, clock: ManualClock) {
    this.name = name;
    this.#clock = clock;
  }

  set(on: boolean): Promise<void> {
    if (on !== this.isOn) {
      this.phases.push([this.isOn, this.#clock.monotonic() - this.#since_ms]);
      this.#since_ms = this.#clock.monotonic();
      this.isOn = on;
    }
    return Promise.resolve();
  }
}

let clock: ManualClock;
let lamps: Record<"green" | "red" | "buzzer", Lamp>;
let signals: ReaderSignals;
beforeEach(() => {
  clock = new ManualClock();
  lamps = { green: new Lamp("green", clock), red: new Lamp("red", clock), buzzer: new Lamp("buzzer", clock) };
  signals = new ReaderSignals({
    signals: new Map([["lobby", { green: "green", red: "red", buzzer: "buzzer" }]]),
    outputs: new Map(Object.entries(lamps)),
    clock,
    logger: silentLogger,
  });
});

async function pass(ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 50) {
    await turn();
    clock.advance(50);
  }
  await turn();
}

describe("a reader shows", () => {
  it("what was accepted by a long green and a short beep", async () => {
    signals.show("lobby", "accepted");
    await pass(2_000);
    expect(lamps.green.phases).toEqual([
      [false, 0],
      [true, 1_000],
    ]);
    expect(lamps.buzzer.phases).toEqual([
      [false, 0],
      [true, 100],
    ]);
    expect(lamps.red.phases).toEqual([]);
  });

  it("an unknown card by two beeps, and what was not stored by three long ones", async () => {
    signals.show("lobby", "unknown_card");
    await pass(1_000);
    expect(lamps.buzzer.phases.filter(([on]) => on)).toEqual([
      [true, 150],
      [true, 150],
    ]);
    signals.show("lobby", "not_stored");
    await pass(4_000);
    expect(lamps.buzzer.phases.filter(([on]) => on).slice(2)).toEqual([
      [true, 600],
      [true, 600],
      [true, 600],
    ]);
    expect(lamps.red.phases).toEqual(lamps.buzzer.phases);
    expect(lamps.green.phases).toEqual([]);
  });

  it("the newest answer only", async () => {
    signals.show("lobby", "not_stored");
    await pass(300);
    signals.show("lobby", "unknown_card");
    signals.show("lobby", "accepted");
    await pass(3_000);
    expect(lamps.red.phases.filter(([on]) => on)).toEqual([[true, 300]]);
    expect(lamps.green.phases.filter(([on]) => on)).toEqual([[true, 1_000]]);
  });

  it("nothing where it has no lights, and nothing more after the end, which leaves all off", async () => {
    signals.show("gate", "accepted");
    signals.show("lobby", "accepted");
    await pass(50);
    await signals.stop();
    expect([lamps.green.isOn, lamps.buzzer.isOn]).toEqual([false, false]);
    signals.show("lobby", "accepted");
    await pass(100);
    expect(lamps.green.phases).toHaveLength(2);
  });

  it("what it can where one of its outputs fails, which is logged once", async () => {
    const lines: string[] = [];
    signals = new ReaderSignals({
      signals: new Map([["lobby", { green: "green", buzzer: "broken" }]]),
      outputs: new Map<string, Output>([
        ["green", lamps.green],
        ["broken", { name: "broken", set: () => Promise.reject(new Error("no such line")) }],
      ]),
      clock,
      logger: pino({ level: "warn" }, { write: (line: string) => void lines.push(line) }),
    });
    for (let round = 0; round < 2; round++) {
      signals.show("lobby", "accepted");
      await pass(1_200);
    }
    expect(lamps.green.phases.filter(([on]) => on)).toHaveLength(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("no such line");
  });
});
