import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstPace, nextPace, type Pace, type PaceBounds } from "./pace.ts";

const bounds: PaceBounds = {
  readings: { min: 50, first: 250, max: 2_000 },
  flights: { min: 1, first: 2, max: 4 },
  delay_max_ms: 400,
};

interface Line {
  readonly readings_per_s: number;
  readonly latency_ms: number;
}

/**
 * A line that takes so many readings a second and holds each for a while; batches of backlog go out as soon as they
 * may, two at a time. Answers the last pace, and what an event would at most have waited for, of late.
 */
function drive(line: Line, batches: number, first = firstPace(bounds)): { pace: Pace; wait_max_ms: number } {
  let pace: Pace = { ...first, cut_ms: -Infinity };
  const flights: { sent_ms: number; at_ms: number }[] = [];
  let now_ms = 0;
  let free_ms = 0;
  let wait_max_ms = 0;
  for (let sent = 0; sent < batches;) {
    if (flights.length < Math.min(2, pace.flights)) {
      free_ms = Math.max(now_ms, free_ms) + (1_000 * pace.readings) / line.readings_per_s;
      flights.push({ sent_ms: now_ms, at_ms: free_ms + line.latency_ms });
      sent += 1;
      if (sent > batches / 2) wait_max_ms = Math.max(wait_max_ms, free_ms - now_ms);
      continue;
    }
    const { sent_ms, at_ms } = flights.shift() as (typeof flights)[number];
    now_ms = at_ms;
    pace = nextPace(pace, { isFull: true, sent_ms, now_ms }, bounds);
  }
  return { pace, wait_max_ms };
}

const free = { readings_per_s: 1e6, latency_ms: 20 };
const all = { readings: 2_000, flights: 4 };

describe("the pace", () => {
  it("grows to its bound on a quick line, one with a long way too", () => {
    expect(drive(free, 20).pace).toMatchObject(all);
    expect(drive({ ...free, latency_ms: 900 }, 20).pace).toMatchObject(all);
  });

  it.each([100, 300, 1_000, 3_000])("keeps a line of %d readings a second open to events", (readings_per_s) => {
    for (const latency_ms of [0, 50, 800]) {
      expect(drive({ readings_per_s, latency_ms }, 200).wait_max_ms).toBeLessThan(1_500);
    }
  });

  it("finds its way back when the line has become a longer one, or a free one", () => {
    const slow = drive({ readings_per_s: 200, latency_ms: 20 }, 50).pace;
    expect(slow.readings).toBeLessThan(200);
    expect(drive(free, 30, slow).pace).toMatchObject(all);
    expect(drive({ ...free, latency_ms: 1_500 }, 60, drive(free, 30).pace).pace).toMatchObject(all);
  });

  it("halves once for all that was under way together", () => {
    const pace: Pace = { readings: 2_000, flights: 4, least_ms: 10, cut_ms: -Infinity };
    const cut = nextPace(pace, { isFull: true, sent_ms: 0, now_ms: 500 }, bounds);
    expect(cut).toEqual({ readings: 1_000, flights: 3, least_ms: 10, cut_ms: 500 });
    expect(nextPace(cut, { isFull: true, sent_ms: 10, now_ms: 900 }, bounds)).toEqual(cut);
    expect(nextPace(cut, { isFull: false, sent_ms: 500, now_ms: 1_000 }, bounds)).toMatchObject({ readings: 500 });
  });

  it("does not grow by batches that were not full", () => {
    const pace = firstPace(bounds);
    expect(nextPace(pace, { isFull: false, sent_ms: 0, now_ms: 5 }, bounds)).toEqual({ ...pace, least_ms: 5 });
  });

  it("keeps to its bounds whatever is measured", () => {
    const step = fc.record({ isFull: fc.boolean(), sent_ms: fc.nat(5_000), delay_ms: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let pace = firstPace(bounds);
        for (const { isFull, sent_ms, delay_ms } of steps) {
          pace = nextPace(pace, { isFull, sent_ms, now_ms: sent_ms + delay_ms }, bounds);
          expect(pace.readings).toBeGreaterThanOrEqual(50);
          expect(pace.readings).toBeLessThanOrEqual(2_000);
          expect(pace.flights).toBeGreaterThanOrEqual(1);
          expect(pace.flights).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});
