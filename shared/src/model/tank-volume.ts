import type { z } from "zod";
import type { tank } from "./tank.ts";

export type Tank = z.output<typeof tank>;

const litres_per_m3 = 1_000;

/** What a tank holds at a level in metres above its bottom, in litres; beyond its ends as at them. */
export function litresOf(shape: Tank, level_metres: number): number {
  const level = Math.min(Math.max(level_metres, 0), heightOf(shape));
  switch (shape.shape) {
    case "vertical_cylinder":
      return Math.PI * (shape.diameter_metres / 2) ** 2 * level * litres_per_m3;
    case "horizontal_cylinder":
      return segmentOf(shape.diameter_metres / 2, level) * shape.length_metres * litres_per_m3;
    case "rectangle":
      return shape.length_metres * shape.width_metres * level * litres_per_m3;
    case "table":
      return interpolate(shape.points, level);
  }
}

/** What it holds when it is full, in litres. */
export function capacityOf(shape: Tank): number {
  return litresOf(shape, heightOf(shape));
}

/** The highest level that it can have, in metres. */
export function heightOf(shape: Tank): number {
  switch (shape.shape) {
    case "horizontal_cylinder":
      return shape.diameter_metres;
    case "table":
      return shape.points.at(-1)?.metres ?? 0;
    default:
      return shape.height_metres;
  }
}

/**
 * Area of the part of a circle below a level, m2 (Weisstein, "Horizontal Cylindrical Segment", MathWorld), by half the
 * angle that the surface is seen under from the middle, which is exact near the bottom too.
 */
function segmentOf(radius: number, level: number): number {
  const half = 2 * Math.asin(Math.sqrt(level / (2 * radius)));
  return radius ** 2 * Math.max(0, half - Math.sin(2 * half) / 2);
}

/** Straight lines through points that rise; beyond the ends as at them. */
function interpolate(points: Extract<Tank, { shape: "table" }>["points"], level: number): number {
  let before = points[0];
  for (const point of points) {
    if (level <= point.metres) {
      if (before === undefined || before === point) return point.litres;
      const share = (level - before.metres) / (point.metres - before.metres);
      return before.litres + (point.litres - before.litres) * share;
    }
    before = point;
  }
  return before?.litres ?? 0;
}
