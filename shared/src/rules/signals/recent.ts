import type { Leaf } from "../../model/condition.ts";
import type { Memory, Seen } from "./signal.ts";

/** How often a contact closed (`count`) or changed (`chatter`) within a time; the last `times` of them are enough to know. */
export function lookAtRecent(
  condition: Extract<Leaf, { type: "count" | "chatter" }>,
  memory: Memory | null,
  value: number,
  at: number,
): Seen {
  const state = value === 0 ? 0 : 1;
  const isChange = memory !== null && memory.value !== state;
  const counts =
    condition.type === "chatter" ? isChange : (isChange || memory === null) && (state === 1) === condition.closed;
  const times = counts ? [...(memory?.times ?? []), at].slice(-condition.times) : (memory?.times ?? []);
  // at exactly `within` they still are within it
  const until = times.length < condition.times ? null : (times[0] as number) + condition.within + 1;
  const isActive = until !== null && at < until;
  return {
    verdict: isActive ? "active" : "inactive",
    memory: { times, values: [], at, value: state },
    until: isActive ? until : null,
  };
}
