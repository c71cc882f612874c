import type { AfterState } from "./afterwards/records.ts";
import type { CompoundState } from "./compound/compound.ts";
import { dueOfSeries, type SeriesState } from "./series.ts";
import type { DeviceState, GatewayState, SilenceState } from "./silence.ts";

/** Since when there has been anyone to notice a silence at all, and since when without a break. */
export interface WatchState {
  readonly type: "watch";
  readonly watchedSince: number;
  readonly listeningSince: number;
}

/** What the rules remember, one record for each key. Plain data: it is kept as JSON. */
export type StateRecord =
  | SeriesState
  | CompoundState
  | DeviceState
  | GatewayState
  | SilenceState
  | WatchState
  | AfterState;

/** Records by their keys; null takes one away. */
export type Changes = ReadonlyMap<string, StateRecord | null>;

/**
 * When a tick does something about a record, epoch milliseconds; null where only an input does. What came to light late
 * waits for its gateway and not for a time: each tick looks at it.
 */
function dueOf(state: StateRecord | null): number | null {
  switch (state?.type) {
    case "series":
      return dueOfSeries(state);
    case "compound":
    case "keep":
    case "rise":
      return state.due;
    case "late":
      return Infinity;
    default:
      return null;
  }
}

/** Whether a tick has to look at a record. */
export function isPending(state: StateRecord | null): boolean {
  return dueOf(state) !== null;
}

/** What the rules remember of everything, changed only by applying what a step gave, once that is persisted. */
export class RuleStates {
  readonly #records: Map<string, StateRecord>;
  /** Records that time changes, and when. */
  readonly #pending = new Map<string, number>();
  /** The earliest of those; undefined where it is to be looked for. */
  #due: number | undefined = Infinity;

  constructor(records: Iterable<readonly [string, StateRecord]> = []) {
    this.#records = new Map();
    this.apply(new Map(records));
  }

  get(key: string): StateRecord | undefined {
    return this.#records.get(key);
  }

  /** Keys of what a tick has to look at, in no order. */
  *dueBy(now: number): Generator<string> {
    for (const [key, due] of this.#pending) if (due <= now || due === Infinity) yield key;
  }

  /** When a tick is due for what is pending, epoch milliseconds. */
  get due(): number | undefined {
    const due = this.#earliest();
    return due === Infinity ? undefined : due;
  }

  get size(): number {
    return this.#records.size;
  }

  entries(): IterableIterator<[string, StateRecord]> {
    return this.#records.entries();
  }

  apply(changes: Changes): void {
    for (const [key, state] of changes) {
      if (state === null) this.#records.delete(key);
      else this.#records.set(key, state);
      const due = dueOf(state);
      const before = this.#pending.get(key);
      if (before === undefined && due === null) continue;
      if (before === this.#due && due !== before) this.#due = undefined;
      if (due === null) this.#pending.delete(key);
      else {
        this.#pending.set(key, due);
        if (this.#due !== undefined && due < this.#due) this.#due = due;
      }
    }
  }

  #earliest(): number {
    if (this.#due === undefined) {
      this.#due = Infinity;
      for (const due of this.#pending.values()) if (due < this.#due) this.#due = due;
    }
    return this.#due;
  }
}
