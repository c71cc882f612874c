import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { currentLoop, valueOf, type CurrentLoop } from "./calibration.ts";
import { milliampsOf } from "./converter.ts";

const fiveMetres: CurrentLoop = [
  { milliamps: 4, value: 0 },
  { milliamps: 20, value: 5 },
];

/** Points that rise in their current, and rise or fall in their value. */
const loops = fc
  .tuple(
    fc.array(fc.tuple(fc.double({ min: 0.1, max: 1, noNaN: true }), fc.double({ min: 0.1, max: 9, noNaN: true })), {
      minLength: 2,
      maxLength: 12,
    }),
    fc.boolean(),
  )
  .map(([steps, isFalling]): CurrentLoop => {
    let [milliamps, value] = [4, 0];
    return steps.map(([current, rise]) => {
      const point = { milliamps, value };
      milliamps += current;
      value += isFalling ? -rise : rise;
      return point;
    });
  });
const measuring = fc.double({ min: 3.8, max: 20.5, noNaN: true });

describe("a current", () => {
  it.each([
    [4, 0],
    [12, 2.5],
    [20, 5],
    // the transmitter still measures a little beyond its span
    [3.8, -0.0625],
    [20.5, 5.15625],
    // and is taken no further, up to where it signals a failure
    [3.65, -0.0625],
    [20.9, 5.15625],
  ])("of %d mA is %d m", (milliamps, metres) => {
    const outcome = valueOf(fiveMetres, milliamps);
    if (outcome.kind === "fault") throw new Error(outcome.fault);
    expect(outcome.value).toBeCloseTo(metres, 9);
  });

  it.each([
    [3.6, "wire_broken"],
    [0, "wire_broken"],
    [-20, "wire_broken"],
    [21, "wire_shorted"],
    [100, "wire_shorted"],
    [Number.NaN, "no_number"],
    [Infinity, "no_number"],
  ])("of %d mA is a fault and no level", (milliamps, fault) => {
    expect(valueOf(fiveMetres, milliamps)).toEqual({ kind: "fault", fault });
  });

  it("has the value of each point at that point, whatever the others are", () => {
    fc.assert(
      fc.property(loops, (points) => {
        for (const { milliamps, value } of points) {
          if (milliamps > 20.5) continue;
          expect(valueOf(points, milliamps)).toMatchObject({ kind: "value" });
          const outcome = valueOf(points, milliamps);
          if (outcome.kind === "value") expect(outcome.value).toBeCloseTo(value, 6);
        }
      }),
    );
  });

  it("moves its value always the same way", () => {
    fc.assert(
      fc.property(loops, measuring, measuring, (points, a, b) => {
        const [low, high] = [valueOf(points, Math.min(a, b)), valueOf(points, Math.max(a, b))];
        if (low.kind === "fault" || high.kind === "fault") throw new Error("within what is measured");
        const sign = Math.sign((points.at(-1)?.value ?? 0) - (points[0]?.value ?? 0));
        expect((high.value - low.value) * sign).toBeGreaterThanOrEqual(-1e-9);
      }),
    );
  });

  it("leads back from its value, by the same points the other way round", () => {
    fc.assert(
      fc.property(measuring, fc.double({ min: 1, max: 100, noNaN: true }), (milliamps, span) => {
        const points: CurrentLoop = [
          { milliamps: 4, value: 0 },
          { milliamps: 20, value: span },
        ];
        const outcome = valueOf(points, milliamps);
        if (outcome.kind === "fault") throw new Error(outcome.fault);
        expect(4 + (16 * outcome.value) / span).toBeCloseTo(milliamps, 9);
      }),
    );
  });
});

describe("points", () => {
  it("rise in their current and go one way in their value", () => {
    const of = (...pairs: [number, number][]): boolean =>
      currentLoop.safeParse(pairs.map(([milliamps, value]) => ({ milliamps, value }))).success;
    expect(of([4, 0], [20, 5])).toBe(true);
    expect(of([4, 5], [12, 2], [20, 0])).toBe(true);
    expect(of([4, 0])).toBe(false);
    expect(of([20, 0], [4, 5])).toBe(false);
    expect(of([4, 0], [4, 5])).toBe(false);
    expect(of([4, 0], [12, 0])).toBe(false);
    expect(of([4, 0], [12, 6], [20, 5])).toBe(false);
  });
});

describe("a converter", () => {
  it("gives the current through its resistor", () => {
    // 12 mA through 250 ohms are 3 V, of which one step is 0.1875 mV
    expect(milliampsOf({ raw: "16000\n", scale: "0.187500000\n", offset: null }, 250)).toBeCloseTo(12, 9);
    expect(milliampsOf({ raw: "100\n", scale: "2\n", offset: "-50\n" }, 100)).toBeCloseTo(1, 9);
    expect(milliampsOf({ raw: "-5\n", scale: "1\n", offset: null }, 100)).toBeCloseTo(-0.05, 9);
  });

  it("whose files say nothing gives none", () => {
    for (const raw of ["", "\n", "12,5", "0x10", "1e3", "NaN", "Infinity", "1\n2"]) {
      expect(milliampsOf({ raw, scale: "1", offset: null }, 100)).toBeNull();
      expect(milliampsOf({ raw: "1", scale: raw, offset: null }, 100)).toBeNull();
      expect(milliampsOf({ raw: "1", scale: "1", offset: raw }, 100)).toBeNull();
    }
  });

  it("whose files say anything gives a value that its loop can have, or a fault", () => {
    const text = fc.oneof(
      fc.integer().map((number) => `${number}\n`),
      fc.double().map(String),
      fc.stringMatching(/^[ -]*\d*\.?\d*\s?$/),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    fc.assert(
      fc.property(
        text,
        text,
        fc.option(text),
        fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
        (raw, scale, offset, ohms) => {
          const milliamps = milliampsOf({ raw, scale, offset }, ohms);
          const outcome = valueOf(fiveMetres, milliamps ?? Number.NaN);
          if (outcome.kind === "fault") return;
          expect(outcome.value >= -0.063 && outcome.value <= 5.157).toBe(true);
        },
      ),
      { numRuns: 100_000 },
    );
  }, 60_000);
});
