import type { Leaf } from "../../model/condition.ts";
import type { Memory, Seen } from "./signal.ts";

/** Extremes kept for each `within`. */
const steps = 60;

/**
 * How far a value fell from the highest (or rose from the lowest) of the last `within`. Only what may still become that
 * extreme is kept, one for each sixtieth of the time. Over a pause longer than `gap` nothing is known: it begins anew,
 * and the first reading behind it gives no verdict.
 */
export function lookAtChange(
  condition: Extract<Leaf, { type: "falls" | "rises" }>,
  memory: Memory | null,
  value: number,
  at: number,
): Seen {
  const { type, by, within, clear, gap = within } = condition;
  if (memory === null || at - memory.at > gap) {
    return { verdict: "inside", memory: { times: [at], values: [value], at, value }, until: null };
  }
  const sign = type === "falls" ? 1 : -1;
  const times: number[] = [];
  const values: number[] = [];
  memory.times.forEach((time, index) => {
    const one = memory.values[index] as number;
    // a value that this one outdoes can be the extreme no more
    if (time < at - within || sign * (one - value) <= 0) return;
    times.push(time);
    values.push(one);
  });
  const step_ms = within / steps;
  const newest = times.at(-1);
  if (newest === undefined || Math.floor(newest / step_ms) !== Math.floor(at / step_ms)) {
    times.push(at);
    values.push(value);
  }
  const change = Math.max(0, sign * ((values[0] as number) - value));
  const verdict = change > by ? "active" : clear === undefined || change < clear ? "inactive" : "inside";
  return { verdict, memory: { times, values, at, value }, until: null };
}
