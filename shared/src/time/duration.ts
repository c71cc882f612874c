import { z } from "zod";

const unit_ms = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds of a text such as `90s`, `10m`, `1.5h`, or undefined where it is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = pattern.exec(text.trim());
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * unit_ms[match[2] as keyof typeof unit_ms]);
}

/** The shortest text that parses back to the same number of milliseconds. */
export function formatDuration(duration_ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (duration_ms >= unit_ms[unit] && duration_ms % unit_ms[unit] === 0)
      return `${duration_ms / unit_ms[unit]}${unit}`;
  }
  return `${duration_ms}ms`;
}

/** A duration in a configuration file: text with a unit; in the program it is a number of milliseconds. */
export const duration = z
  .string()
  .regex(pattern, "a duration such as 500ms, 30s, 10m, 2h or 1d")
  .transform((text) => parseDuration(text) ?? 0);
