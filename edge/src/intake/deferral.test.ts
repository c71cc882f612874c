import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it } from "vitest";
import { Deferral, waiting_perSecond } from "./deferral.ts";

let clock: ManualClock;
let isSoon: boolean;
let deferral: Deferral;
beforeEach(() => {
  clock = new ManualClock();
  isSoon = true;
  deferral = new Deferral({ acknowledgesSoon: () => isSoon, clock });
});

/** How many of so many readings may wait, at a pace. */
function waiting(count: number, every_ms: number, device = (_index: number): string => "tank"): number {
  let waits = 0;
  for (let index = 0; index < count; index++) {
    clock.advance(every_ms);
    if (deferral.mayWait(device(index), "1.1")) waits += 1;
  }
  return waits;
}

describe("a reading may wait", () => {
  it("only while the cloud acknowledges soon", () => {
    expect(deferral.mayWait("tank", null)).toBe(true);
    isSoon = false;
    expect(deferral.mayWait("tank", null)).toBe(false);
  });

  it("if its repeat can be told by its key", () => {
    expect(deferral.mayWait("tank", "x".repeat(256))).toBe(true);
    expect(deferral.mayWait("tank", "x".repeat(257))).toBe(false);
  });

  it("of fifty sensors that report every ten seconds, for as long as one likes", () => {
    expect(waiting(5_000, 200, (index) => `sensor-${index % 50}`)).toBe(5_000);
  });

  it("of a device that reports many channels at once every ten seconds", () => {
    for (let round = 0; round < 100; round++) {
      expect(waiting(20, 0)).toBe(20);
      clock.advance(10_000);
    }
  });
});

describe("a reading does not wait", () => {
  it("of a device that sends as soon as it is acknowledged, after a burst", () => {
    const waits = waiting(1_000, 110);
    expect(waits).toBeGreaterThan(5);
    expect(waits).toBeLessThan(20);
    clock.advance(10_000);
    expect(deferral.mayWait("tank", null)).toBe(true);
  });

  it("while more come in than some hundred a second, whoever sends them", () => {
    const device = (index: number): string => `d${index % 1_000}`;
    waiting(2 * waiting_perSecond, 1, device);
    expect(waiting(1_000, 1, device)).toBe(0);
    clock.advance(2_000);
    expect(deferral.mayWait("tank", null)).toBe(true);
  });
});
