import type { SeriesState } from "./series.ts";
import type { DeviceState, GatewayState, SilenceState } from "./silence.ts";

/** Since when there has been anyone to notice a silence at all, and since when without a break. */
export interface WatchState {
  readonly type: "watch";
  readonly watchedSince: number;
  readonly listeningSince: number;
}

/** What the rules remember, one record for each key. Plain data: it is kept as JSON. */
export type StateRecord = SeriesState | DeviceState | GatewayState | SilenceState | WatchState;

/** Records by their keys; null takes one away. */
export type Changes = ReadonlyMap<string, StateRecord | null>;

/** What the rules remember of everything, changed only by applying what a step gave, once that is persisted. */
export class RuleStates {
  readonly #records: Map<string, StateRecord>;
  /** Pending series and when they are due. */
  readonly #pending = new Map<string, number>();

  constructor(records: Iterable<readonly [string, StateRecord]> = []) {
    this.#records = new Map();
    this.apply(new Map(records));
  }

  get(key: string): StateRecord | undefined {
    return this.#records.get(key);
  }

  get pending(): Iterable<string> {
    return this.#pending.keys();
  }

  /** When a tick is due for what is pending, epoch milliseconds. */
  get due(): number | undefined {
    let due: number | undefined;
    for (const at of this.#pending.values()) due = due === undefined ? at : Math.min(due, at);
    return due;
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
      if (state?.type === "series" && state.phase === "pending" && state.held !== null) {
        this.#pending.set(key, state.held.due);
      } else {
        this.#pending.delete(key);
      }
    }
  }
}
