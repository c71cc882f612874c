import type { Effect } from "../effect.ts";
import type { KeepState } from "./records.ts";

export interface KeepStep {
  readonly state: KeepState | null;
  readonly effects: readonly Effect[];
}

/**
 * What becomes of an effect of a rule with `keep`: the end of an alert is told only when it has been over for so long,
 * and what comes back before that is the same alert.
 */
export function stepKeep(state: KeepState | null, effect: Effect, keep_ms: number, now: number): KeepStep {
  if (state === null)
    return effect.kind === "raise" ? { state: begun(effect), effects: [effect] } : pass(state, effect);
  const { over } = state;
  if (effect.kind === "clear") {
    if (effect.alert !== state.current || over !== null) return pass(state, effect);
    const until = effect.at + keep_ms;
    // counted from when it was handled: what came back at that time may be as late as this
    return { state: { ...state, over: { clear: effect, until }, due: now + keep_ms }, effects: [] };
  }
  // an episode of before comes to light late
  if (effect.onset < state.onset) return pass(state, effect);
  const isNew = over !== null && effect.at > over.until;
  if (effect.kind === "pending") return isNew ? pass(state, effect) : { state, effects: [] };
  if (isNew) return { state: begun(effect), effects: [ended(state, over), effect] };
  return { state: { ...state, current: effect.alert, over: null, due: null }, effects: [] };
}

/** Time has passed. */
export function stepKeepDue(state: KeepState, now: number): KeepStep | undefined {
  const { over, due } = state;
  if (over === null || due === null || now < due) return undefined;
  return { state: null, effects: [ended(state, over)] };
}

/** Its rule is gone. */
export function dropKeep(state: KeepState): Effect[] {
  return state.over === null ? [] : [ended(state, state.over)];
}

function begun({ alert, onset }: Effect): KeepState {
  return { type: "keep", alert, onset, current: alert, over: null, due: null };
}

function ended({ alert, onset }: KeepState, { clear, until }: NonNullable<KeepState["over"]>): Effect {
  return { ...clear, alert, onset, at: until };
}

function pass(state: KeepState | null, effect: Effect): KeepStep {
  return { state, effects: [effect] };
}
