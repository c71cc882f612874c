import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plan, type LaneView, type Plan, type PlanLimits } from "./lane-planner.ts";

const limits: PlanLimits = {
  inFlight_max: { events: 4, samples: 2 },
  backlogInFlight_max: 2,
  batch_max: 100,
  linger_ms: 50,
  backlogFrom_ms: 30,
};
const none: LaneView = { unsent: 0, since_ms: 0, hasBacklog: false, inFlight: 0, backlogInFlight: 0 };
const behind: LaneView = { ...none, hasBacklog: true };
const live = (lane: "events" | "samples"): Plan => ({ send: lane, part: "live" });
const backlog = (lane: "events" | "samples"): Plan => ({ send: lane, part: "backlog" });
const wait = (until_ms: number | null): Plan => ({ send: null, until_ms });

describe("the plan", () => {
  it.each<[string, LaneView, LaneView, number, Plan]>([
    ["waits with nothing to send", none, none, 0, wait(null)],
    ["sends events at once", { ...none, unsent: 1, since_ms: 9 }, none, 9, live("events")],
    ["puts events before samples", { ...none, unsent: 1 }, { ...none, unsent: 500 }, 99, live("events")],
    ["lets samples gather", none, { ...none, unsent: 1, since_ms: 10 }, 59, wait(60)],
    ["sends samples that have waited", none, { ...none, unsent: 1, since_ms: 10 }, 60, live("samples")],
    ["sends a full batch of samples", none, { ...none, unsent: 100, since_ms: 10 }, 10, live("samples")],
    ["bounds samples under way", none, { ...none, unsent: 500, inFlight: 2 }, 99, wait(null)],
    [
      "lets samples go while events under way are at their bound",
      { ...none, unsent: 5, inFlight: 4 },
      { ...none, unsent: 500 },
      99,
      live("samples"),
    ],
    ["puts new events before old ones", { ...behind, unsent: 1 }, behind, 99, live("events")],
    ["puts new samples before the backlog", behind, { ...behind, unsent: 1 }, 99, live("samples")],
    ["lets the backlog go while new samples gather", behind, { ...none, unsent: 1 }, 40, backlog("events")],
    ["puts the backlog's events before its samples", behind, behind, 99, backlog("events")],
    ["goes on with the backlog's samples", none, behind, 99, backlog("samples")],
    ["keeps to the backlog's rate", none, behind, 29, wait(30)],
    ["waits for what comes first", none, { ...behind, unsent: 1, since_ms: -40 }, 9, wait(10)],
    ["bounds the backlog under way over both lanes", { ...none, backlogInFlight: 2 }, behind, 99, wait(null)],
    ["bounds the backlog by what its lane may have under way", none, { ...behind, inFlight: 2 }, 99, wait(null)],
    [
      "sends events whatever backlog is under way",
      { ...behind, unsent: 1, inFlight: 2, backlogInFlight: 2 },
      behind,
      99,
      live("events"),
    ],
  ])("%s", (_, events, samples, now, expected) => {
    expect(plan({ events, samples }, limits, now)).toEqual(expected);
  });

  it("never leaves anything unsent behind that has room, and never exceeds what may be under way", () => {
    const view = fc
      .record({ unsent: fc.nat(300), since_ms: fc.nat(100), hasBacklog: fc.boolean(), inFlight: fc.nat(5) })
      .chain((one) => fc.nat(one.inFlight).map((backlogInFlight) => ({ ...one, backlogInFlight })));
    fc.assert(
      fc.property(view, view, fc.nat(200), (events, samples, now) => {
        const lanes = { events, samples };
        const next = plan(lanes, limits, now);
        const backlogInFlight = events.backlogInFlight + samples.backlogInFlight;
        if (next.send !== null) {
          const lane = lanes[next.send];
          expect(lane.inFlight).toBeLessThan(limits.inFlight_max[next.send]);
          if (next.part === "live") expect(lane.unsent).toBeGreaterThan(0);
          else {
            expect(lane.hasBacklog).toBe(true);
            expect(backlogInFlight).toBeLessThan(limits.backlogInFlight_max);
            expect(now).toBeGreaterThanOrEqual(limits.backlogFrom_ms);
            expect(events.unsent === 0 || events.inFlight >= limits.inFlight_max.events).toBe(true);
          }
        } else if (next.until_ms !== null) {
          expect(next.until_ms).toBeGreaterThan(now);
        } else {
          for (const lane of ["events", "samples"] as const) {
            const isFull = lanes[lane].inFlight >= limits.inFlight_max[lane];
            expect(lanes[lane].unsent === 0 || isFull).toBe(true);
            const isBehindEvents = lane === "samples" && events.hasBacklog;
            if (!lanes[lane].hasBacklog || isFull || isBehindEvents) continue;
            expect(backlogInFlight).toBeGreaterThanOrEqual(limits.backlogInFlight_max);
          }
        }
      }),
    );
  });
});
