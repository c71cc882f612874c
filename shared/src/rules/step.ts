import type { StoredReading } from "../model/reading.ts";
import type { Effect } from "./effect.ts";
import type { RuleBook } from "./rule-book.ts";
import { dropSeries, stepDue, stepReading } from "./series.ts";
import { dropSilence, heardDevice, heardGateway, stepSilence, type GatewayReport } from "./silence.ts";
import type { Changes, RuleStates, StateRecord, WatchState } from "./states.ts";

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
  const changes = new Map<string, null>();
  const effects: Effect[] = [];
  for (const [key, state] of states.entries()) {
    if (book.covers(key)) continue;
    changes.set(key, null);
    if (state.type === "series") effects.push(...dropSeries(state, now));
    if (state.type === "silence") effects.push(dropSilence(state, now));
  }
  return { changes, effects };
}

/** The rules' one function: pure, so that whoever calls it can persist states, effects and cursor in one transaction. */
export function step(book: RuleBook, states: RuleStates, inputs: Iterable<Input>): Step {
  const changes = new Map<string, StateRecord | null>();
  const effects: Effect[] = [];
  const run = new Run(book, states, changes, effects);
  for (const input of inputs) run.take(input);
  return { changes, effects };
}

class Run {
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
        this.#changes.set(key, heardGateway(this.#get(key, "gateway"), input));
        return;
      }
      case "resume":
        this.#changes.set("watch", { ...this.#watch(input.now), listeningSince: input.now });
    }
  }

  #reading(reading: StoredReading, now: number): void {
    const device = this.#book.device(reading.gateway, reading.device);
    if (device === undefined) return;
    const before = this.#get(device.key, "device");
    const heard = heardDevice(before, reading, now);
    if (heard !== undefined && heard !== before) this.#changes.set(device.key, heard);
    for (const { key, rule } of this.#book.slots(device, reading.kind, reading.channel)) {
      const next = stepReading(device.site.id, rule, this.#get(key, "series"), reading, now);
      if (next === undefined) continue;
      this.#changes.set(key, next.state);
      for (const effect of next.effects) this.#effects.push(effect);
    }
  }

  #tick(now: number): void {
    for (const key of this.#pending()) {
      const state = this.#get(key, "series");
      const next = state === undefined ? undefined : stepDue(state, now);
      if (next === undefined) continue;
      this.#changes.set(key, next.state);
      this.#effects.push(...next.effects);
    }
    const watch = this.#watch(now);
    for (const silence of this.#book.silences) {
      const next = stepSilence(
        silence,
        this.#get(silence.key, "silence"),
        silence.device === null ? undefined : this.#get(`device/${silence.site}/${silence.device}`, "device"),
        this.#get(`gateway/${silence.gateway}`, "gateway"),
        { now, ...watch },
      );
      if (next === undefined) continue;
      this.#changes.set(silence.key, next.state);
      this.#effects.push(...next.effects);
    }
  }

  /** Series that are pending, as the inputs so far have left them; in order, so that effects don't hang on how states were loaded. */
  #pending(): string[] {
    const keys = new Set(this.#states.pending);
    for (const [key, state] of this.#changes) {
      if (state?.type === "series" && state.phase === "pending") keys.add(key);
    }
    return [...keys].sort();
  }

  #watch(now: number): WatchState {
    const known = this.#get("watch", "watch");
    if (known !== undefined) return known;
    const begun: WatchState = { type: "watch", watchedSince: now, listeningSince: now };
    this.#changes.set("watch", begun);
    return begun;
  }

  #get<Type extends StateRecord["type"]>(key: string, type: Type): Extract<StateRecord, { type: Type }> | undefined {
    const changed = this.#changes.get(key);
    const state = changed === undefined ? this.#states.get(key) : changed;
    return state?.type === type ? (state as Extract<StateRecord, { type: Type }>) : undefined;
  }
}
