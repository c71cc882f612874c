import type { Severity } from "../../model/rule.ts";
import type { Effect, Subject } from "../effect.ts";

/** An alert of a rule with `keep`: what its series does meanwhile. */
export interface KeepState {
  readonly type: "keep";
  /** The alert that people know. */
  readonly alert: string;
  readonly onset: number;
  /** The alerts that are this one: the first, and what came back in time; the newest is the last. */
  readonly current: string;
  /** While it is over: how it ended, and when that shall be told. */
  readonly over: { readonly clear: Effect; readonly until: number } | null;
  /** When a tick is due, epoch milliseconds. */
  readonly due: number | null;
}

/** An alert that came to light late and whose end has not come to light yet. */
export interface LateState {
  readonly type: "late";
  readonly raised: Effect;
  readonly handledAt: number;
}

/** A raised alert whose severity will change. */
export interface RiseState extends Subject {
  readonly type: "rise";
  readonly alert: string;
  readonly onset: number;
  readonly raisedAt: number;
  readonly value: number | null;
  readonly steps: readonly { readonly after: number; readonly to: Severity }[];
  /** When a tick is due, epoch milliseconds. */
  readonly due: number;
}

export type AfterState = KeepState | LateState | RiseState;
