import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LaneProgress } from "./lane-progress.ts";
import type { Flight, Part } from "./lane-window.ts";

describe("the progress of a lane", () => {
  it("reads what is new behind the split, and what is old up to it", () => {
    const lane = new LaneProgress(10, 5, 0);
    lane.split(20);
    expect(lane.view).toMatchObject({ unsent: 0, hasBacklog: true });
    lane.note(2, 7);
    expect(lane.view).toMatchObject({ unsent: 2, since_ms: 7 });
    expect(lane.next("live")).toMatchObject({ after: 20, upTo: Infinity });
    expect(lane.next("backlog")).toMatchObject({ after: 10, upTo: 20 });
    const live = lane.send(lane.next("live"), 22, 2);
    lane.acknowledge(live);
    expect(lane.cursor).toBe(10);
    lane.acknowledge(lane.send(lane.next("backlog"), 17, 5));
    expect([lane.cursor, lane.view.hasBacklog]).toEqual([17, true]);
    lane.nothing(lane.next("backlog"));
    expect([lane.cursor, lane.view.hasBacklog, lane.owed]).toEqual([22, false, 0]);
  });

  it("makes one piece of backlog of what lies side by side, and a bounded number of others", () => {
    const lane = new LaneProgress(0, 1, 0);
    lane.split(1);
    lane.note(1, 0);
    lane.split(2);
    expect(lane.next("backlog")).toMatchObject({ after: 0, upTo: 2 });
    for (let position = 3; position < 203; position += 2) {
      lane.note(2, 0);
      lane.send(lane.next("live"), position, 1);
      lane.split(position + 1);
    }
    let pieces = 0;
    for (; lane.view.hasBacklog; pieces++) lane.nothing(lane.next("backlog"));
    expect(pieces).toBe(64);
  });

  type Step =
    | { append: number; mine: boolean }
    | { send: Part; batch: number }
    | { acknowledge: number }
    | { split: true }
    | { drop: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 9 }), mine: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({
        send: fc.constantFrom<Part>("live", "backlog"),
        batch: fc.integer({ min: 1, max: 6 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ acknowledge: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.constant({ split: true } as const) },
    { weight: 1, arbitrary: fc.record({ drop: fc.integer({ min: 1, max: 12 }) }) },
  );

  it("sends everything, and passes nothing that is not acknowledged, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(30), (steps, before) => {
        // positions of this lane that the log still has; the others are the other lane's
        let held = Array.from({ length: before }, (_, index) => index + 1).filter((position) => position % 3 > 0);
        let last = before;
        const cursor = Math.floor(before / 3);
        const mine = new Set(held.filter((position) => position > cursor));
        const lane = new LaneProgress(cursor, mine.size, 0);
        const flights: { flight: Flight; positions: number[] }[] = [];
        const sent: number[] = [];
        const acknowledged = new Set<number>();
        const gone = new Set<number>();
        const send = (part: Part, batch: number): void => {
          const { unsent, hasBacklog } = lane.view;
          if (part === "live" ? unsent === 0 : !hasBacklog) return;
          const reach = lane.next(part);
          const positions = held.filter((each) => each > reach.after && each <= reach.upTo).slice(0, batch);
          const newest = positions.at(-1);
          if (newest === undefined) return lane.nothing(reach);
          flights.push({ flight: lane.send(reach, newest, positions.length), positions });
          sent.push(...positions);
        };
        const acknowledge = (index: number): void => {
          const [taken] = flights.splice(index % Math.max(1, flights.length), 1);
          if (taken === undefined) return;
          lane.acknowledge(taken.flight);
          for (const position of taken.positions) acknowledged.add(position);
        };
        const check = (): void => {
          for (const position of mine) {
            if (position > lane.cursor || acknowledged.has(position) || gone.has(position)) continue;
            throw new Error(`the cursor ${lane.cursor} passed ${position}`);
          }
        };
        for (const what of steps) {
          if ("append" in what) {
            for (let count = 0; count < what.append; count++) {
              last += 1;
              if (what.mine) held.push(last);
              if (what.mine) mine.add(last);
            }
            if (what.mine) lane.note(what.append, 0);
          } else if ("send" in what) send(what.send, what.batch);
          else if ("acknowledge" in what) acknowledge(what.acknowledge);
          else if ("split" in what) lane.split(last);
          else {
            for (const position of held.slice(0, what.drop)) gone.add(position);
            held = held.slice(what.drop);
          }
          check();
        }
        for (let round = 0; lane.owed > 0 || lane.view.hasBacklog; round++) {
          if (round > 1_000) throw new Error("it never ends");
          for (const part of ["live", "backlog"] as const) send(part, 5);
          acknowledge(round);
          check();
        }
        for (const position of mine) {
          if (!gone.has(position)) expect(acknowledged.has(position)).toBe(true);
        }
        expect(new Set(sent).size).toBe(sent.length);
        expect(lane.cursor).toBeGreaterThanOrEqual(Math.max(cursor, ...held));
      }),
      { numRuns: 500 },
    );
  });
});
