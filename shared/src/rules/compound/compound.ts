import type { StoredReading } from "../../model/reading.ts";
import type { Verdict } from "../condition.ts";
import type { Effect } from "../effect.ts";
import { effectOf, hold, type Held } from "../held.ts";
import { hasKnownTime } from "../series.ts";
import { look } from "../signals/looks.ts";
import type { Memory } from "../signals/signal.ts";
import { transitions, type Observation, type Phase } from "../transitions.ts";
import { evaluate } from "./expression.ts";
import type { CompoundWatch, Leg } from "./watch.ts";

/** Readings that wait for others to come before them; beyond it the oldest wait no longer. */
export const waiting_max = 256;
/** A reading that is older than what a watch has come to counts from there, unless it is older by more than this. */
const skew_ms_max = 15 * 60_000;
/** So long after the last reading, what it lagged behind tells nothing of the present any more. */
const lag_ms_valid = 60_000;

/** What a watch remembers of one of its legs. */
interface LegState {
  readonly verdict: Verdict;
  /** As it was when it last was clear: between limit and clear value it stays. */
  readonly decided: Verdict;
  readonly until: number | null;
  readonly memory: Memory | null;
  /** The newest reading that was reckoned with; `at` is null before one with a time to be believed. */
  readonly at: number | null;
  readonly epoch: number;
  readonly seq: number;
  readonly value: number;
}

interface Waiting {
  readonly leg: string;
  readonly at: number;
  readonly isKnown: boolean;
  readonly epoch: number;
  readonly seq: number;
  readonly value: number;
}

/** What the rules remember of a watch. Plain data: it is kept as JSON. */
export interface CompoundState {
  readonly type: "compound";
  readonly phase: Phase;
  /** The event time that it has come to; null before the first reading. */
  readonly at: number | null;
  readonly legs: Readonly<Record<string, LegState>>;
  /** In the order of their times. */
  readonly waiting: readonly Waiting[];
  readonly held: Held | null;
  /** When the newest reading was handled, and how old it was then. */
  readonly handledAt: number;
  readonly lag_ms: number;
  /** When a tick is due, epoch milliseconds; null where only a reading changes anything. */
  readonly due: number | null;
}

export interface CompoundStep {
  readonly state: CompoundState;
  readonly effects: readonly Effect[];
}

const fresh: CompoundState = {
  type: "compound",
  phase: "normal",
  at: null,
  legs: {},
  waiting: [],
  held: null,
  handledAt: 0,
  lag_ms: 0,
  due: null,
};

/**
 * A reading of one of a watch's series. It waits until `settle_ms` are over, so that what was made before it may come;
 * then all goes by event time alone: the same readings give the same alerts in whatever order they came within that time.
 */
export function stepLeg(
  watch: CompoundWatch,
  leg: Leg,
  before: CompoundState | undefined,
  reading: StoredReading,
  now: number,
): CompoundStep | undefined {
  if (reading.value === null) return undefined;
  const state = before ?? fresh;
  const isKnown = hasKnownTime(reading, now);
  const { epoch, seq, value } = reading;
  const waiting: Waiting = { leg: leg.key, at: isKnown ? reading.at : now, isKnown, epoch, seq, value };
  if (isPast(state.legs[leg.key], waiting) || state.waiting.some((one) => isSame(one, waiting))) return undefined;
  const lag_ms = Math.max(0, now - waiting.at);
  const taken = { ...state, waiting: inserted(state.waiting, waiting), handledAt: now, lag_ms };
  return new Course(watch, taken, now).run();
}

/** Time has passed: what waits is over, lasted long enough, or its schedule has come. */
export function stepCompoundDue(watch: CompoundWatch, state: CompoundState, now: number): CompoundStep | undefined {
  return state.due === null || now < state.due ? undefined : new Course(watch, state, now).run();
}

/** The watch is no longer there. */
export function dropCompound(state: CompoundState, now: number): Effect[] {
  const { effect } = transitions[state.phase].inactive;
  return effect === null || state.held === null ? [] : [effectOf(effect, state.held, now, null)];
}

/** Goes from moment to moment in event time, as far as that is sure. */
class Course {
  readonly #watch: CompoundWatch;
  readonly #now: number;
  readonly #effects: Effect[] = [];
  #state: CompoundState;

  constructor(watch: CompoundWatch, state: CompoundState, now: number) {
    this.#watch = watch;
    this.#state = state;
    this.#now = now;
  }

  run(): CompoundStep {
    const { settle_ms } = this.#watch;
    const { handledAt, lag_ms } = this.#state;
    const isStale = this.#now - handledAt >= lag_ms_valid;
    // without readings time is sure only as far behind as the newest of them was
    const sure = this.#now - Math.max(settle_ms, isStale ? 0 : lag_ms);
    for (;;) {
      const { waiting } = this.#state;
      const [first] = waiting;
      const isReady = first !== undefined && this.#isReady(first);
      const timer = this.#timer();
      if (timer !== null && timer <= (isReady ? first.at : sure)) this.#come(timer);
      else if (isReady) this.#takeMoment(first.at);
      else break;
    }
    return { state: { ...this.#state, due: this.#due() }, effects: this.#effects };
  }

  #isReady(first: Waiting): boolean {
    const { settle_ms } = this.#watch;
    return settle_ms === 0 || first.at <= this.#now - settle_ms || this.#state.waiting.length > waiting_max;
  }

  /** Takes in the readings of a moment, then judges. */
  #takeMoment(moment: number): void {
    let isNew = false;
    for (let [first] = this.#state.waiting; first?.at === moment; [first] = this.#state.waiting)
      isNew = this.#take(first) || isNew;
    if (isNew) this.#come(Math.max(moment, this.#state.at ?? moment));
  }

  #take(reading: Waiting): boolean {
    const { legs, waiting, at } = this.#state;
    const leg = this.#watch.legs.find(({ key }) => key === reading.leg);
    const known = legs[reading.leg];
    this.#state = { ...this.#state, waiting: waiting.slice(1) };
    if (leg === undefined || isPast(known, reading) || (at !== null && at - reading.at > skew_ms_max)) return false;
    const { verdict, memory, until } = look(leg.condition, known?.memory ?? null, reading.value, reading.at);
    const next: LegState = {
      verdict,
      decided: verdict === "inside" ? (known?.decided ?? "inside") : verdict,
      until,
      memory,
      at: reading.isKnown ? reading.at : (known?.at ?? null),
      epoch: reading.epoch,
      seq: reading.seq,
      value: reading.value,
    };
    this.#state = { ...this.#state, legs: { ...legs, [reading.leg]: next } };
    return true;
  }

  /** Judges at a moment of event time. */
  #come(at: number): void {
    const { for_ms, subject, lead } = this.#watch;
    const { phase, held } = this.#state;
    const legs = expired(this.#state.legs, at);
    const verdict = this.#verdict(legs, at);
    const since = held?.since ?? at;
    const observation: Observation = verdict === "active" && at - since >= for_ms ? "sustained" : verdict;
    const { to, effect } = transitions[phase][observation];
    const value = legs[lead]?.value ?? null;
    const holding =
      held ??
      (to === "normal" ? null : hold(subject, { onset: at, since: at, now: this.#now, for_ms, value: value ?? 0 }));
    this.#state = { ...this.#state, phase: to, at, legs, held: to === "normal" ? null : holding };
    if (effect === null || holding === null) return;
    this.#effects.push(effectOf(effect, holding, effect === "clear" ? at : holding.raisedAt, value));
  }

  #verdict(legs: CompoundState["legs"], at: number): Verdict {
    const { when, unless, schedule } = this.#watch;
    if (schedule?.isActive(at) === false) return "inactive";
    const isQuiet = unless.some((one) => evaluate(one, (key) => legs[key]?.decided ?? "inside") === "active");
    return isQuiet ? "inactive" : evaluate(when, (key) => legs[key]?.verdict ?? "inside");
  }

  /** The next moment of event time at which something may change though nothing comes. */
  #timer(): number | null {
    const { phase, held, legs, at } = this.#state;
    if (at === null) return null;
    let next = phase === "pending" && held !== null ? held.raisedAt : Infinity;
    for (const { until } of Object.values(legs)) if (until !== null && until < next) next = until;
    const { schedule } = this.#watch;
    if (schedule !== null) next = Math.min(next, schedule.changesAfter(at));
    return next === Infinity ? null : Math.max(next, at);
  }

  #due(): number | null {
    const { settle_ms } = this.#watch;
    const { waiting, handledAt, lag_ms } = this.#state;
    const timer = this.#timer();
    const first = waiting[0] === undefined ? Infinity : waiting[0].at + settle_ms;
    if (timer === null) return first === Infinity ? null : first;
    const sure = Math.max(timer + settle_ms, handledAt + lag_ms_valid);
    return Math.min(first, lag_ms <= settle_ms ? timer + settle_ms : Math.min(timer + lag_ms, sure));
  }
}

/** Legs whose time is over are inactive from then on. */
function expired(legs: CompoundState["legs"], at: number): CompoundState["legs"] {
  let next = legs;
  for (const [key, leg] of Object.entries(legs)) {
    if (leg.until === null || leg.until > at) continue;
    next = { ...next, [key]: { ...leg, verdict: "inactive", decided: "inactive", until: null } };
  }
  return next;
}

/** Whether a leg has reckoned with the reading, or with a newer one. */
function isPast(leg: LegState | undefined, reading: Waiting): boolean {
  if (leg === undefined) return false;
  const isCounted = leg.epoch === reading.epoch && reading.seq <= leg.seq;
  if (!reading.isKnown) return isCounted;
  if (leg.at === null) return false;
  return reading.at < leg.at || (reading.at === leg.at && isCounted);
}

function isSame(a: Waiting, b: Waiting): boolean {
  return a.leg === b.leg && a.epoch === b.epoch && a.seq === b.seq;
}

function inserted(waiting: readonly Waiting[], one: Waiting): readonly Waiting[] {
  const place = waiting.findLastIndex((other) => compare(other, one) <= 0) + 1;
  return place === waiting.length ? [...waiting, one] : waiting.toSpliced(place, 0, one);
}

/** By time; at the same moment in an order that does not hang on which came first. */
function compare(a: Waiting, b: Waiting): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.leg !== b.leg) return a.leg < b.leg ? -1 : 1;
  return a.epoch - b.epoch || a.seq - b.seq;
}
