import fc from "fast-check";
import { expect, it } from "vitest";
import { LaneWindow } from "./lane-window.ts";

it("moves the cursor to the end of what is acknowledged without a gap, in whatever order that comes", () => {
  const batches = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(batches, fc.nat(1_000), fc.infiniteStream(fc.nat()), (sizes, start, random) => {
      const window = new LaneWindow(start);
      const flights = sizes.map((size) => window.send(window.sent + size));
      expect(window.inFlight).toBe(flights.length);
      const left = new Set(flights);
      while (left.size > 0) {
        const pick = [...left][(random.next().value ?? 0) % left.size];
        if (pick === undefined) throw new Error("nothing left");
        left.delete(pick);
        const cursor = window.acknowledge(pick);
        const firstOpen = flights.findIndex((flight) => left.has(flight));
        const expected = firstOpen < 0 ? window.sent : firstOpen === 0 ? start : flights[firstOpen - 1]?.upTo;
        expect(cursor).toBe(expected);
      }
      expect(window.inFlight).toBe(0);
    }),
  );
});
