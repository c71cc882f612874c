import type { StoredReading } from "../model/reading.ts";
import type { Effect } from "./effect.ts";
import type { RuleBook } from "./rule-book.ts";
import { aboutOf, dropAfter, end, follow, stepAfter, type Records } from "./afterwards/afterwards.ts";
import { dropCompound, stepCompoundDue, stepLeg } from "./compound/compound.ts";
import { dropSeries, stepDue, stepReading } from "./series.ts";
import { dropSilence, heardDevice, heardGateway, stepSilence, type GatewayReport } from "./silence.ts";
import { isPending, type Changes, type RuleStates, type StateRecord, type WatchState } from "./states.ts";

/** Everything that the rules are told. `now` is the time at which it is handled, epoch milliseconds. */
export type Input =
  | { readonly type: "reading"; readonly now: number; readonly reading: StoredReading }
  | { readonly type: "tick"; readonly now: number }
  | ({ readonly type: "gateway"; readonly now: number } & GatewayReport)
  /** Listening begins anew, as after a start: silence is counted from here. */
  | { readonly type: "resume"; readonly now: number };

export interface Step {
  /** What becomes of the states; null takes one away. To be persisted and applied together with the effects. */
  readonly changes: Changes;
  readonly effects: readonly Effect[];
}

/**
 * What becomes of states when the configuration no longer has their rule or device: they go, and what they had raised
 * clears.
 */
export function prune(book: RuleBook, states: RuleStates, now: number): Step {
  const changes = new Map<string, StateRecord | null>();
  const run = new Run(book, states, changes, []);
  const gone = [...states.entries()].filter(([key, state]) => !book.covers(key) || isOrphan(book, state));
  for (const [key] of gone) changes.set(key, null);
  const effects = gone.flatMap(([, state]) => dropped(state, now));
  return { changes, effects: effects.map((effect) => run.ended(effect)) };
}

/** Whether a record is of an alert whose rule is gone. */
function isOrphan(book: RuleBook, state: StateRecord): boolean {
  if (state.type !== "keep" && state.type !== "late" && state.type !== "rise") return false;
  const about = aboutOf(state);
  return about !== undefined && book.rule(about.site, about.rule) === undefined;
}

function dropped(state: StateRecord, now: number): readonly Effect[] {
  switch (state.type) {
    case "series":
      return dropSeries(state, now);
    case "compound":
      return dropCompound(state, now);
    case "silence":
      return [dropSilence(state, now)];
    case "keep":
    case "late":
    case "rise":
      return dropAfter(state);
    default:
      return [];
  }
}

/** The rules' one function: pure, so that whoever calls it can persist states, effects and cursor in one transaction. */
export function step(book: RuleBook, states: RuleStates, inputs: Iterable<Input>): Step {
  const changes = new Map<string, StateRecord | null>();
  const effects: Effect[] = [];
  const run = new Run(book, states, changes, effects);
  for (const input of inputs) run.take(input);
  return { changes, effects };
}

class Run implements Records {
  readonly #book: RuleBook;
  readonly #states: RuleStates;
  readonly #changes: Map<string, StateRecord | null>;
  readonly #effects: Effect[];

  constructor(book: RuleBook, states: RuleStates, changes: Map<string, StateRecord | null>, effects: Effect[]) {
    this.#book = book;
    this.#states = states;
    this.#changes = changes;
    this.#effects = effects;
  }

  take(input: Input): void {
    switch (input.type) {
      case "reading":
        return this.#reading(input.reading, input.now);
      case "tick":
        return this.#tick(input.now);
      case "gateway": {
        const key = `gateway/${input.gateway}`;
        this.#changes.set(key, heardGateway(this.get(key, "gateway"), input));
        return;
      }
      case "resume":
        this.#changes.set("watch", { ...this.#watch(input.now), listeningSince: input.now });
    }
  }

  ended(clear: Effect): Effect {
    return end(clear, this);
  }

  get<Type extends StateRecord["type"]>(key: string, type: Type): Extract<StateRecord, { type: Type }> | undefined {
    const changed = this.#changes.get(key);
    const state = changed === undefined ? this.#states.get(key) : changed;
    return state?.type === type ? (state as Extract<StateRecord, { type: Type }>) : undefined;
  }

  set(key: string, state: StateRecord | null): void {
    this.#changes.set(key, state);
  }

  #reading(reading: StoredReading, now: number): void {
    const device = this.#book.device(reading.gateway, reading.device);
    if (device === undefined) return;
    this.#hear(device.key, reading, now);
    for (const slot of this.#book.slots(device, reading.kind, reading.channel)) {
      switch (slot.type) {
        case "series":
          this.#apply(
            slot.key,
            stepReading(device.site.id, slot.rule, this.get(slot.key, "series"), reading, now),
            now,
          );
          break;
        case "compound":
          this.#apply(slot.key, stepLeg(slot.watch, slot.leg, this.get(slot.key, "compound"), reading, now), now);
          break;
        case "heard":
          this.#hear(slot.key, reading, now);
      }
    }
  }

  #hear(key: string, reading: StoredReading, now: number): void {
    const before = this.get(key, "device");
    const heard = heardDevice(before, reading, now);
    if (heard !== undefined && heard !== before) this.#changes.set(key, heard);
  }

  #tick(now: number): void {
    const due = this.#due(now);
    for (const key of due) this.#pass(key, now);
    const watch = this.#watch(now);
    for (const silence of this.#book.silences) {
      const next = stepSilence(
        silence,
        this.get(silence.key, "silence"),
        silence.heard === null ? undefined : this.get(silence.heard, "device"),
        this.get(`gateway/${silence.gateway}`, "gateway"),
        { now, ...watch },
      );
      this.#apply(silence.key, next, now);
    }
    // last, since what has just come back is the same alert
    for (const key of due) this.#passAfter(key, now);
  }

  #pass(key: string, now: number): void {
    const series = this.get(key, "series");
    if (series !== undefined) this.#apply(key, stepDue(series, now), now);
    const compound = this.get(key, "compound");
    const watch = this.#book.compound(key);
    if (compound !== undefined && watch !== undefined) this.#apply(key, stepCompoundDue(watch, compound, now), now);
  }

  #passAfter(key: string, now: number): void {
    const state = this.get(key, "keep") ?? this.get(key, "late") ?? this.get(key, "rise");
    const about = state === undefined ? undefined : aboutOf(state);
    if (state === undefined || about === undefined) return;
    const rule = this.#book.rule(about.site, about.rule);
    const gateway = this.get(`gateway/${about.gateway}`, "gateway");
    this.#effects.push(...stepAfter(key, state, rule, gateway, now, this));
  }

  /** What a step did: its state, and its effects as people are to see them. */
  #apply(
    key: string,
    next: { readonly state: StateRecord | null; readonly effects: readonly Effect[] } | undefined,
    now: number,
  ): void {
    if (next === undefined) return;
    this.#changes.set(key, next.state);
    for (const effect of next.effects) {
      const rule = this.#book.rule(effect.site, effect.rule);
      if (rule !== undefined) for (const told of follow(rule, effect, now, this)) this.#effects.push(told);
    }
  }

  /** What a tick has to look at, as the inputs so far have left it; in order, so that effects don't hang on how states were loaded. */
  #due(now: number): string[] {
    const keys = new Set(this.#states.dueBy(now));
    for (const [key, state] of this.#changes) if (isPending(state)) keys.add(key);
    return [...keys].sort();
  }

  #watch(now: number): WatchState {
    const known = this.get("watch", "watch");
    if (known !== undefined) return known;
    const begun: WatchState = { type: "watch", watchedSince: now, listeningSince: now };
    this.#changes.set("watch", begun);
    return begun;
  }
}
