import type { StoredReading } from "../model/reading.ts";
import type { Rule } from "../model/rule.ts";
import { judge, type ValueCondition } from "./condition.ts";
import { appendRun, insertLate, splitLate, type LateVerdict, type Run, type Split } from "./contact-runs.ts";
import type { Effect, Subject } from "./effect.ts";
import { effectOf, hold, type Held } from "./held.ts";
import { closeHoles, fillHole, holesWith, type Hole } from "./holes.ts";
import { transitions, type Observation, type Phase } from "./transitions.ts";

export type ValueRule = Rule & { readonly when: ValueCondition };

/** A reading whose time is further ahead than this is not believed: it would make all that follow look late. */
export const ahead_ms_max = 60_000;

/** What a rule remembers of one series. Plain data: it is kept as JSON. */
export interface SeriesState {
  readonly type: "series";
  readonly phase: Phase;
  /** The newest event time seen; null before a reading with a time to be believed. */
  readonly at: number | null;
  /** The newest reading that was reckoned with. */
  readonly epoch: number;
  readonly seq: number;
  /** What is pending or raised; null in phase normal. */
  readonly held: Held | null;
  /** Contacts only: the past by event time, and by seq for readings without a time to be believed. */
  readonly past: { readonly byTime: readonly Run[]; readonly bySeq: readonly Run[] } | null;
  /** Others only: pauses that a backlog may fill. */
  readonly holes?: readonly Hole[];
}

export interface SeriesStep {
  readonly state: SeriesState;
  readonly effects: readonly Effect[];
}

/** Whether a reading's time can be held against others'. */
export function hasKnownTime(reading: Pick<StoredReading, "clock" | "at">, now: number): boolean {
  return reading.clock !== "unsynchronised" && reading.at <= now + ahead_ms_max;
}

/**
 * A reading of the series. One that is older than what the series has shown neither raises nor clears what is present;
 * but an active contact that was not known of yet raises and clears at once, since a fire alarm that comes late is
 * still one, and an opening that comes late shows where one such closure was two.
 */
export function stepReading(
  site: string,
  rule: ValueRule,
  state: SeriesState | undefined,
  reading: StoredReading,
  now: number,
): SeriesStep | undefined {
  if (reading.value === null) return undefined;
  const seen = judge(rule.when, reading.value);
  const known = hasKnownTime(reading, now);
  if (state !== undefined && isLate(state, reading, known)) {
    return rule.when.type === "contact"
      ? stepLateContact(site, rule, state, reading, seen === "active", now)
      : stepLateValue(site, rule, state, reading, now);
  }
  const at = known ? reading.at : now;
  const since = state?.held?.since ?? at;
  const observation: Observation = seen === "active" && at - since >= rule.for ? "sustained" : seen;
  const { to, effect } = transitions[state?.phase ?? "normal"][observation];
  const held = state?.held ?? (to === "normal" ? null : heldBy(site, rule, reading, at, now));
  const next: SeriesState = {
    type: "series",
    phase: to,
    at: known ? reading.at : (state?.at ?? null),
    epoch: reading.epoch,
    seq: reading.seq,
    held: to === "normal" ? null : held,
    past: rule.when.type === "contact" ? pastWith(state, reading, seen === "active", known) : null,
    ...(known && rule.when.type !== "contact" ? holesOf(state, reading) : {}),
  };
  if (effect === null || held === null) return { state: next, effects: [] };
  const happened = effect === "clear" ? Math.max(at, held.since) : held.raisedAt;
  return { state: next, effects: [effectOf(effect, held, happened, reading.value)] };
}

/** Time has passed: what is pending is raised when it is due. */
export function stepDue(before: SeriesState, now: number): SeriesStep | undefined {
  const closed = closeHoles(before.holes ?? [], now);
  const state = closed === undefined ? before : { ...before, holes: closed.holes };
  const due = stepPending(state, now);
  if (closed === undefined) return due;
  return { state: due?.state ?? state, effects: [...closed.effects, ...(due?.effects ?? [])] };
}

/** When `stepDue` does something, epoch milliseconds. */
export function dueOfSeries({ phase, held, holes = [] }: SeriesState): number | null {
  const times = holes.flatMap(({ due }) => due ?? []);
  if (phase === "pending" && held !== null) times.push(held.due);
  return times.length === 0 ? null : Math.min(...times);
}

function stepPending(state: SeriesState, now: number): SeriesStep | undefined {
  const { held } = state;
  if (held === null || state.phase !== "pending" || now < held.due) return undefined;
  const { to, effect } = transitions[state.phase].sustained;
  const effects = effect === null ? [] : [effectOf(effect, held, held.raisedAt, held.value)];
  return { state: { ...state, phase: to }, effects };
}

/** The series is no longer looked at. */
export function dropSeries(state: SeriesState, now: number): Effect[] {
  const { effect } = transitions[state.phase].inactive;
  return effect === null || state.held === null ? [] : [effectOf(effect, state.held, now, null)];
}

function isLate(state: SeriesState, reading: StoredReading, known: boolean): boolean {
  const notNewer = reading.epoch === state.epoch && reading.seq <= state.seq;
  if (!known) return notNewer;
  if (state.at === null) return false;
  return reading.at < state.at || (reading.at === state.at && notNewer);
}

function holesOf(state: SeriesState | undefined, reading: StoredReading): Pick<SeriesState, "holes"> {
  if (state === undefined) return {};
  const holes = holesWith(state.holes ?? [], state, reading);
  return holes.length === 0 ? {} : { holes };
}

/** A late value of a backlog changes nothing of the present; an episode that it shows is told once it is known as over. */
function stepLateValue(
  site: string,
  rule: ValueRule,
  state: SeriesState,
  reading: StoredReading,
  now: number,
): SeriesStep | undefined {
  if (state.holes === undefined || reading.value === null || !hasKnownTime(reading, now)) return undefined;
  const hold = (): Held => heldBy(site, rule, reading, reading.at, now);
  const filled = fillHole(state.holes, reading, judge(rule.when, reading.value), { for_ms: rule.for, now, hold });
  return filled === undefined ? undefined : { state: { ...state, holes: filled.holes }, effects: filled.effects };
}

function stepLateContact(
  site: string,
  rule: ValueRule,
  state: SeriesState,
  reading: StoredReading,
  active: boolean,
  now: number,
): SeriesStep | undefined {
  const { byTime, bySeq } = state.past ?? { byTime: [], bySeq: [] };
  const known = hasKnownTime(reading, now);
  // several readings may be of one moment: their times do not tell a repeat, their numbers do
  const isRepeat = ({ from, until }: Run): boolean => from === reading.seq || until === reading.seq;
  if (reading.epoch === state.epoch && bySeq.some(isRepeat)) return undefined;
  const ofSeq = withSeq(state, bySeq, reading, active);
  const split = known && !active && rule.for === 0 ? splitLate(byTime, reading.at) : null;
  if (split !== null) {
    const past = { byTime: split.runs, bySeq: ofSeq.runs };
    return stepSplit(site, rule, { ...state, past }, split, reading, now);
  }
  const ofTime: LateVerdict = known ? insertLate(byTime, reading.at, active) : { runs: byTime, episode: null };
  const next = { ...state, past: { byTime: ofTime.runs, bySeq: ofSeq.runs } };
  const { episode } = known ? ofTime : ofSeq;
  // how long it lasted isn't known: only rules that fire at once can tell that it should have fired
  if (episode === null || rule.for > 0) {
    return ofTime.runs === byTime && ofSeq.runs === bySeq ? undefined : { state: next, effects: [] };
  }
  const value = reading.value as number;
  const since = known ? reading.at : now;
  const held = heldBy(site, rule, reading, since, now);
  return {
    state: next,
    effects: [effectOf("raise", held, since, value), effectOf("clear", held, known ? episode.clearedBy : now, null)],
  };
}

/** A late opening shows that what looked like one closure was two: whom people were not told of, they are now. */
function stepSplit(
  site: string,
  rule: ValueRule,
  state: SeriesState,
  { untold: { since, clearedBy } }: Split,
  reading: StoredReading,
  now: number,
): SeriesStep {
  const value = rule.when.type === "contact" && rule.when.closed ? 1 : 0;
  const untold = heldBy(site, rule, { ...reading, at: since, value }, since, now);
  const raise = effectOf("raise", untold, since, value);
  if (clearedBy !== null || state.phase !== "raised" || state.held === null) {
    return { state, effects: [raise, effectOf("clear", untold, clearedBy ?? now, null)] };
  }
  const clear = effectOf("clear", state.held, Math.max(reading.at, state.held.since), null);
  return { state: { ...state, held: untold }, effects: [clear, raise] };
}

function pastWith(
  state: SeriesState | undefined,
  reading: StoredReading,
  active: boolean,
  known: boolean,
): SeriesState["past"] {
  const { byTime, bySeq } = state?.past ?? { byTime: [], bySeq: [] };
  return {
    byTime: known ? appendRun(byTime, reading.at, active) : byTime,
    bySeq: withSeq(state, bySeq, reading, active).runs,
  };
}

function withSeq(
  state: SeriesState | undefined,
  runs: readonly Run[],
  reading: StoredReading,
  active: boolean,
): LateVerdict {
  const ours = state === undefined || state.epoch === reading.epoch ? runs : [];
  const newest = ours.at(-1);
  return newest === undefined || newest.until < reading.seq
    ? { runs: appendRun(ours, reading.seq, active), episode: null }
    : insertLate(ours, reading.seq, active);
}

function heldBy(site: string, rule: ValueRule, reading: StoredReading, since: number, now: number): Held {
  const subject: Subject = {
    site,
    rule: rule.id,
    gateway: reading.gateway,
    device: reading.device,
    measure: reading.kind,
    channel: reading.channel,
  };
  return hold(subject, { onset: reading.at, since, now, for_ms: rule.for, value: reading.value as number });
}
