import type { StoredReading } from "../model/reading.ts";
import { site, type Site } from "../model/site.ts";
import type { Effect } from "./effect.ts";
import { RuleBook } from "./rule-book.ts";
import { RuleStates } from "./states.ts";
import { prune, step, type Input } from "./step.ts";

/** For tests: a court with one gateway, a fire panel, a tank, a boiler and a thermometer in the yard. */
export const start = Date.UTC(2026, 0, 1);

export function siteWith(rules: readonly unknown[], about: object = {}): Site {
  return site.parse({
    ...about,
    id: "court",
    name: "Court",
    gateways: [{ id: "gw", name: "Gateway", secret: "x" }],
    devices: [
      {
        id: "panel",
        name: "Panel",
        secret: "x",
        measures: [
          { kind: "contact", channel: "fire" },
          { kind: "contact", channel: "maintenance" },
        ],
      },
      { id: "tank", name: "Tank", secret: "x", measures: [{ kind: "level" }] },
      { id: "boiler", name: "Boiler", secret: "x", measures: [{ kind: "temperature", channel: "supply" }] },
      { id: "yard", name: "Yard", secret: "x", measures: [{ kind: "temperature" }] },
    ],
    rules,
  });
}

export const rules = {
  fire: {
    id: "fire",
    name: "Fire",
    severity: "critical",
    when: { type: "contact", device: "panel", channel: "fire", closed: true },
  },
  fault: {
    id: "fault",
    name: "Fault",
    severity: "warning",
    when: { type: "contact", device: "panel", channel: "fault" },
    for: "30s",
  },
  tankLow: {
    id: "tank-low",
    name: "Tank low",
    severity: "critical",
    when: { type: "below", kind: "level", device: "tank", limit: 1.5, clear: 1.7 },
  },
  boilerHot: {
    id: "boiler-hot",
    name: "Boiler hot",
    severity: "critical",
    when: { type: "above", kind: "temperature", limit: 85, clear: 80 },
    for: "10s",
  },
  sensorSilent: {
    id: "sensor-silent",
    name: "Silent",
    severity: "warning",
    when: { type: "device_silent", after: "10m" },
  },
  gatewaySilent: {
    id: "gateway-silent",
    name: "Gateway silent",
    severity: "critical",
    when: { type: "gateway_silent", after: "2m" },
  },
} as const;

let seq = 0;

/** A reading `at` so many milliseconds after the start; its seq counts up unless given. */
export function reading(at: number, about: Partial<StoredReading> = {}): StoredReading {
  return {
    gateway: "gw",
    epoch: 1,
    seq: ++seq,
    device: "panel",
    kind: "contact",
    channel: "fire",
    at: start + at,
    receivedAt: start + at,
    clock: "synchronised",
    value: 1,
    detail: null,
    ...about,
  };
}

export const contact = (at: number, closed: boolean, about: Partial<StoredReading> = {}): StoredReading =>
  reading(at, { value: closed ? 1 : 0, ...about });
export const level = (at: number, metres: number, about: Partial<StoredReading> = {}): StoredReading =>
  reading(at, { device: "tank", kind: "level", channel: null, value: metres, ...about });
export const yard = (at: number, celsius: number, about: Partial<StoredReading> = {}): StoredReading =>
  reading(at, { device: "yard", kind: "temperature", channel: null, value: celsius, ...about });
export const boiler = (at: number, celsius: number, about: Partial<StoredReading> = {}): StoredReading =>
  reading(at, { device: "boiler", kind: "temperature", channel: "supply", value: celsius, ...about });

/** Runs inputs one by one, as a service would, and keeps what they did. */
export class Engine {
  readonly book: RuleBook;
  states = new RuleStates();
  readonly effects: Effect[] = [];

  constructor(...configured: readonly unknown[]) {
    this.book = new RuleBook([siteWith(configured)]);
  }

  take(...inputs: readonly Input[]): Effect[] {
    const { changes, effects } = step(this.book, this.states, inputs);
    this.states.apply(changes);
    this.effects.push(...effects);
    return [...effects];
  }

  /** Takes readings, each as soon as it was made unless `now` says otherwise (milliseconds after the start). */
  read(readings: StoredReading | readonly StoredReading[], now?: number): string[] {
    return [readings].flat().flatMap((one) => {
      const handled = now === undefined ? Math.max(one.receivedAt, one.at) : start + now;
      return this.take({ type: "reading", reading: one, now: handled }).map(told);
    });
  }

  tick(now: number): string[] {
    return this.take({ type: "tick", now: start + now }).map(told);
  }

  gateway(now: number, about: { connected?: boolean; heardAt?: number | null; backlog?: number | null } = {}): void {
    const { connected = true, heardAt = now, backlog = 0 } = about;
    this.take({
      type: "gateway",
      now: start + now,
      gateway: "gw",
      connected,
      heardAt: heardAt === null ? null : start + heardAt,
      backlog,
    });
  }

  /** What the configuration no longer has goes; in the order of the rules' names. */
  prune(now: number): string[] {
    const { changes, effects } = prune(this.book, this.states, start + now);
    this.states.apply(changes);
    this.effects.push(...effects);
    return effects.map(told).sort();
  }

  /** Forgets all but what would have been persisted. */
  restart(): void {
    this.states = new RuleStates(JSON.parse(JSON.stringify([...this.states.entries()])) as [string, never][]);
  }
}

/** An effect in a word: what happened to which rule, and when (milliseconds after the start). */
export function told(effect: Effect): string {
  return `${effect.kind} ${effect.rule} ${effect.at - start}`;
}
