import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tank } from "./tank.ts";
import { capacityOf, heightOf, litresOf, type Tank } from "./tank-volume.ts";

const size = fc.double({ min: 0.1, max: 50, noNaN: true });
const step = fc.double({ min: 0.01, max: 5, noNaN: true });
const tanks: fc.Arbitrary<Tank> = fc.oneof(
  fc.record({ shape: fc.constant("vertical_cylinder" as const), diameter_metres: size, height_metres: size }),
  fc.record({ shape: fc.constant("horizontal_cylinder" as const), diameter_metres: size, length_metres: size }),
  fc.record({ shape: fc.constant("rectangle" as const), length_metres: size, width_metres: size, height_metres: size }),
  fc.array(fc.tuple(step, step), { minLength: 2, maxLength: 20 }).map((steps) => {
    const points: { metres: number; litres: number }[] = [];
    for (const [metres, litres] of steps) {
      const before = points.at(-1) ?? { metres: -metres, litres: -litres };
      points.push({ metres: before.metres + metres, litres: before.litres + litres });
    }
    return { shape: "table" as const, points };
  }),
);
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe("litres of a level", () => {
  it("are what geometry says", () => {
    const upright: Tank = { shape: "vertical_cylinder", diameter_metres: 2, height_metres: 3 };
    expect(litresOf(upright, 1)).toBeCloseTo(Math.PI * 1_000, 6);
    expect(capacityOf(upright)).toBeCloseTo(9_424.778, 3);
    const box: Tank = { shape: "rectangle", length_metres: 4, width_metres: 2.5, height_metres: 2 };
    expect(litresOf(box, 0.35)).toBeCloseTo(3_500, 9);
    const lying: Tank = { shape: "horizontal_cylinder", diameter_metres: 2, length_metres: 5 };
    expect(capacityOf(lying)).toBeCloseTo(Math.PI * 5_000, 6);
    expect(litresOf(lying, 1)).toBeCloseTo((Math.PI * 5_000) / 2, 6);
    // a quarter of the height: acos(1/2) - sqrt(3)/4 = pi/3 - 0.4330127 of the square of the radius
    expect(litresOf(lying, 0.5)).toBeCloseTo((Math.PI / 3 - Math.sqrt(3) / 4) * 5_000, 6);
    const table: Tank = {
      shape: "table",
      points: [
        { metres: 0, litres: 0 },
        { metres: 1, litres: 400 },
        { metres: 2, litres: 1_400 },
      ],
    };
    expect([0, 0.5, 1, 1.25, 2].map((level) => litresOf(table, level))).toEqual([0, 200, 400, 650, 1_400]);
  });

  it("stay within the tank", () => {
    fc.assert(
      fc.property(tanks, fc.double({ noNaN: true }), (shape, level) => {
        const litres = litresOf(shape, level);
        expect(litres).toBeGreaterThanOrEqual(0);
        expect(litres).toBeLessThanOrEqual(capacityOf(shape));
      }),
    );
  });

  it("never fall as the level rises", () => {
    fc.assert(
      fc.property(tanks, share, share, (shape, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((part) => litresOf(shape, part * heightOf(shape)));
        // by no more than the last bit of an acos
        expect(low).toBeLessThanOrEqual((high ?? 0) + 1e-12 * capacityOf(shape));
      }),
    );
  });

  it("are the sum of thin layers, each as wide as the cylinder is at its height", () => {
    const layers = 2_000;
    fc.assert(
      fc.property(size, size, share, (diameter, length, part) => {
        const level = part * diameter;
        let sum = 0;
        for (let layer = 0; layer < layers; layer++) {
          const height = ((layer + 0.5) / layers) * level;
          sum += ((2 * Math.sqrt(height * (diameter - height)) * level) / layers) * length * 1_000;
        }
        const lying: Tank = { shape: "horizontal_cylinder", diameter_metres: diameter, length_metres: length };
        expect(Math.abs(litresOf(lying, level) - sum)).toBeLessThan(1e-4 * capacityOf(lying));
      }),
    );
  });
});

describe("a tank in the site file", () => {
  it("has sizes above nothing, and a table that rises", () => {
    expect(tank.safeParse({ shape: "rectangle", length_metres: 1, width_metres: 1, height_metres: 0 }).success).toBe(
      false,
    );
    const flat = [
      { metres: 0, litres: 0 },
      { metres: 1, litres: 10 },
      { metres: 1, litres: 20 },
      { metres: 2, litres: 15 },
    ];
    expect(tank.safeParse({ shape: "table", points: flat }).error?.issues.map(({ path }) => path)).toEqual([
      ["points", 2],
      ["points", 3],
    ]);
    fc.assert(
      fc.property(tanks, (shape) => {
        expect(tank.parse(shape)).toEqual(shape);
      }),
    );
  });
});
