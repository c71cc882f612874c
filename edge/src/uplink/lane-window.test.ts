import fc from "fast-check";
import { expect, it } from "vitest";
import { LaneWindow } from "./lane-window.ts";

it("moves the cursor to the end of what is acknowledged without a gap, in whatever order it was sent and answered", () => {
  const batches = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(batches, fc.nat(1_000), fc.infiniteStream(fc.nat()), (sizes, start, random) => {
      const next = (count: number): number => (random.next().value ?? 0) % count;
      const window = new LaneWindow(start);
      let end = start;
      const ranges = sizes.map((size) => ({ after: end, upTo: (end += size), readings: size, isDone: false }));
      const flights = ranges
        .toSorted(() => next(3) - 1)
        .map((range) => window.send({ part: next(2) === 0 ? "live" : "backlog", ...range }));
      expect(window.inFlight()).toBe(sizes.length);
      expect(window.inFlight("live") + window.inFlight("backlog")).toBe(sizes.length);
      expect(window.readings).toBe(end - start);
      while (flights.length > 0) {
        const [flight] = flights.splice(next(flights.length), 1);
        if (flight === undefined) throw new Error("nothing left");
        window.acknowledge(flight);
        for (const range of ranges) if (range.after === flight.after) range.isDone = true;
        expect(window.cursor).toBe(ranges.find(({ isDone }) => !isDone)?.after ?? end);
      }
      expect(window.inFlight()).toBe(0);
    }),
  );
});

it("passes over what holds nothing of the lane", () => {
  const window = new LaneWindow(10);
  const flight = window.send({ part: "live", after: 20, upTo: 25, readings: 2 });
  window.acknowledge(flight);
  expect(window.cursor).toBe(10);
  window.pass(10, 20);
  expect(window.cursor).toBe(25);
});
