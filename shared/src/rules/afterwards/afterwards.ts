import { tellsLate, type Rule } from "../../model/rule.ts";
import type { Effect, Subject } from "../effect.ts";
import type { GatewayState } from "../silence.ts";
import { dropKeep, stepKeep, stepKeepDue } from "./keep.ts";
import type { AfterState, LateState, RiseState } from "./records.ts";

/** So long after an alert came to light late, its end may still be on its way. */
const end_ms_max = 60_000;

/** Where the records are read and written. */
export interface Records {
  get<Type extends AfterState["type"]>(key: string, type: Type): Extract<AfterState, { type: Type }> | undefined;
  set(key: string, state: AfterState | null): void;
}

/**
 * What becomes of an alert once its condition has spoken, the same for every kind of condition: `keep`, what is told only
 * in retrospect, and the severity that rises. Gives the effects that people are to see.
 */
export function follow(rule: Rule, effect: Effect, now: number, records: Records): Effect[] {
  const { keep = 0 } = rule;
  const key = keepKey(effect);
  const kept = records.get(key, "keep");
  if (keep === 0 && kept === undefined) return [told(rule, effect, now, records)];
  const { state, effects } = stepKeep(kept ?? null, effect, keep, now);
  if (state !== (kept ?? null)) records.set(key, state);
  return effects.map((one) => told(rule, one, now, records));
}

/** Time has passed for a record; `gateway` is that of its alert. */
export function stepAfter(
  key: string,
  state: AfterState,
  rule: Rule | undefined,
  gateway: GatewayState | undefined,
  now: number,
  records: Records,
): Effect[] {
  switch (state.type) {
    case "keep": {
      const next = stepKeepDue(state, now);
      if (next === undefined) return [];
      records.set(key, next.state);
      return next.effects.map((effect) => (rule === undefined ? effect : told(rule, effect, now, records)));
    }
    case "late": {
      if (now < state.handledAt + end_ms_max || gateway?.caughtUp === false) return [];
      // over, and only kept for what may come back
      if (overUntil(state.raised, records) !== null) return [];
      records.set(key, null);
      if (rule !== undefined) begin(rule, state.raised, now, records);
      const { retrospective: _, ...raised } = state.raised;
      return [{ ...raised, kind: "confirm", at: now }];
    }
    case "rise": {
      const [step, ...later] = state.steps;
      if (step === undefined || now < state.due) return [];
      const over = overUntil(state, records);
      if (over !== null) {
        records.set(key, { ...state, due: Math.max(now + 1, over) });
        return [];
      }
      const [next] = later;
      const due = next === undefined ? 0 : Math.max(now, state.raisedAt + next.after);
      records.set(key, next === undefined ? null : { ...state, steps: later, due });
      const { type: _type, due: _due, steps: _steps, raisedAt, ...about } = state;
      return [{ ...about, kind: "rise", at: raisedAt + step.after, severity: step.to }];
    }
  }
}

/** When an alert that is over, and only kept for what may come back, will have cleared; null of one that holds. */
function overUntil(about: Subject, records: Records): number | null {
  const kept = records.get(keepKey(about), "keep");
  return kept === undefined || kept.over === null ? null : kept.due;
}

/** What an alert that is over for good, with its rule or device, means to people; its records go. */
export function end(clear: Effect, records: Records): Effect {
  const key = keepKey(clear);
  const kept = records.get(key, "keep");
  const isKept = kept?.current === clear.alert;
  if (isKept) records.set(key, null);
  const known: Effect = isKept ? { ...clear, alert: kept.alert, onset: kept.onset } : clear;
  forget(known.alert, records);
  return known;
}

/** What an alert leaves behind whose rule or device is no longer there. */
export function dropAfter(state: AfterState): Effect[] {
  return state.type === "keep" ? dropKeep(state) : [];
}

/** The subject that a record's alert is about. */
export function aboutOf(state: AfterState): Subject | undefined {
  switch (state.type) {
    case "keep":
      return state.over?.clear;
    case "late":
      return state.raised;
    case "rise":
      return state;
  }
}

function told(rule: Rule, effect: Effect, now: number, records: Records): Effect {
  if (effect.kind === "clear") forget(effect.alert, records);
  if (effect.kind !== "raise") return effect;
  if (now - effect.at <= rule.late_after || tellsLate(rule)) {
    begin(rule, effect, now, records);
    return effect;
  }
  const raised: Effect = { ...effect, retrospective: true };
  const late: LateState = { type: "late", raised, handledAt: now };
  records.set(`late/${effect.alert}`, late);
  return raised;
}

function forget(alert: string, records: Records): void {
  for (const type of ["late", "rise"] as const) {
    const key = `${type}/${alert}`;
    if (records.get(key, type) !== undefined) records.set(key, null);
  }
}

function begin({ rises }: Rule, effect: Effect, now: number, records: Records): void {
  const [first] = rises ?? [];
  if (rises === undefined || first === undefined) return;
  const { kind: _kind, at, retrospective: _retrospective, severity: _severity, ...about } = effect;
  const state: RiseState = {
    ...about,
    type: "rise",
    raisedAt: at,
    steps: rises,
    due: Math.max(now, at + first.after),
  };
  records.set(`rise/${effect.alert}`, state);
}

function keepKey({ site, rule, gateway, device, measure, channel }: Subject): string {
  return `keep/${site}/${rule}/${device ?? `@${gateway}`}/${measure ?? "silence"}/${channel ?? "-"}`;
}
