import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plan, type LaneView, type PlanLimits } from "./lane-planner.ts";

const limits: PlanLimits = { inFlight_max: { events: 4, samples: 2 }, batch_max: 100, linger_ms: 50 };
const none: LaneView = { unsent: 0, since_ms: 0, inFlight: 0 };

describe("the plan", () => {
  it.each<[string, LaneView, LaneView, number, ReturnType<typeof plan>]>([
    ["waits with nothing to send", none, none, 0, { send: null, until_ms: null }],
    ["sends events at once", { ...none, unsent: 1, since_ms: 9 }, none, 9, { send: "events" }],
    ["puts events before samples", { ...none, unsent: 1 }, { ...none, unsent: 500 }, 99, { send: "events" }],
    ["lets samples gather", none, { ...none, unsent: 1, since_ms: 10 }, 59, { send: null, until_ms: 60 }],
    ["sends samples that have waited", none, { ...none, unsent: 1, since_ms: 10 }, 60, { send: "samples" }],
    ["sends a full batch of samples", none, { ...none, unsent: 100, since_ms: 10 }, 10, { send: "samples" }],
    ["bounds samples under way", none, { ...none, unsent: 500, inFlight: 2 }, 99, { send: null, until_ms: null }],
    [
      "lets samples go while events under way are at their bound",
      { ...none, unsent: 5, inFlight: 4 },
      { ...none, unsent: 500 },
      99,
      { send: "samples" },
    ],
  ])("%s", (_, events, samples, now, expected) => {
    expect(plan({ events, samples }, limits, now)).toEqual(expected);
  });

  it("never leaves anything unsent behind that has room, and never exceeds what may be under way", () => {
    const view = fc.record({ unsent: fc.nat(300), since_ms: fc.nat(100), inFlight: fc.nat(5) });
    fc.assert(
      fc.property(view, view, fc.nat(200), (events, samples, now) => {
        const next = plan({ events, samples }, limits, now);
        if (next.send !== null) {
          const lane = { events, samples }[next.send];
          expect(lane.unsent).toBeGreaterThan(0);
          expect(lane.inFlight).toBeLessThan(limits.inFlight_max[next.send]);
        } else if (next.until_ms !== null) {
          expect(next.until_ms).toBeGreaterThan(now);
        } else {
          for (const lane of ["events", "samples"] as const) {
            const { unsent, inFlight } = { events, samples }[lane];
            expect(unsent === 0 || inFlight >= limits.inFlight_max[lane]).toBe(true);
          }
        }
      }),
    );
  });
});
