import type { Leaf } from "../../model/condition.ts";
import type { Verdict } from "../condition.ts";

/** What a condition remembers of a series. Plain data: it is kept as JSON. */
export interface Memory {
  /** Moments that count, epoch milliseconds, oldest first; with values, where the kind of condition asks for them. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** Of the newest reading. */
  readonly at: number;
  readonly value: number;
}

/** What a reading shows. */
export interface Seen {
  readonly verdict: Verdict;
  readonly memory: Memory | null;
  /** The moment at which it is inactive though nothing more comes, epoch milliseconds. */
  readonly until: number | null;
}

/** One kind of condition: pure, and told of the readings of a series in the order of their times. */
export type Look<Type extends Leaf["type"]> = (
  condition: Extract<Leaf, { type: Type }>,
  memory: Memory | null,
  value: number,
  at: number,
) => Seen;
