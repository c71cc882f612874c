import { z } from "zod";

const point = z.strictObject({
  milliamps: z.number().min(3).max(22).describe("The current, mA."),
  value: z.number().describe("What it stands for, in the unit of the kind: m for a level, degC, kPa."),
});

/** How a current of 4 to 20 mA becomes a value. */
export const currentLoop = z
  .array(point)
  .min(2)
  .max(100)
  .superRefine((points, context) => {
    const sign = Math.sign((points.at(-1)?.value ?? 0) - (points[0]?.value ?? 0));
    points.forEach(({ milliamps, value }, index) => {
      const before = points[index - 1];
      if (before === undefined) return;
      const rises = milliamps > before.milliamps && Math.sign(value - before.value) === sign && sign !== 0;
      if (rises) return;
      const message = "a current above the one before, with a value that goes the same way as the others";
      context.addIssue({ code: "custom", path: [index], message });
    });
  });
export type CurrentLoop = z.output<typeof currentLoop>;

export type LoopOutcome =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "fault"; readonly fault: LoopFault };

export type LoopFault = "wire_broken" | "wire_shorted" | "no_number";

/**
 * What a transmitter's current says by NAMUR NE 43, mA: it measures from 3.8 to 20.5, and signals its own failure at or
 * below 3.6 or at or above 21; a wire that is cut or shorted looks the same. Between the two it is taken as 3.8 or 20.5.
 */
const namur = { failure_low: 3.6, lowest: 3.8, highest: 20.5, failure_high: 21 };

/** The value of a current in mA: on straight lines through the points, of which the outer ones go on to both sides. */
export function valueOf(points: CurrentLoop, milliamps: number): LoopOutcome {
  if (!Number.isFinite(milliamps)) return { kind: "fault", fault: "no_number" };
  if (milliamps <= namur.failure_low) return { kind: "fault", fault: "wire_broken" };
  if (milliamps >= namur.failure_high) return { kind: "fault", fault: "wire_shorted" };
  const current = Math.min(Math.max(milliamps, namur.lowest), namur.highest);
  const above = points.findIndex((one) => one.milliamps >= current);
  const end = above === -1 ? points.length - 1 : Math.max(1, above);
  const [a, b] = [points[end - 1], points[end]];
  if (a === undefined || b === undefined) throw new Error("a current loop has two points at least");
  const slope = (b.value - a.value) / (b.milliamps - a.milliamps);
  return { kind: "value", value: a.value + slope * (current - a.milliamps) };
}
