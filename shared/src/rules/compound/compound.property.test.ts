import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredReading } from "../../model/reading.ts";
import type { Effect } from "../effect.ts";
import { boiler, contact, Engine, level, start, yard } from "../fixture.ts";
import type { Input } from "../step.ts";

const s = 1_000;
const settle_ms = 5 * s;
const fire = { type: "contact", device: "panel", channel: "fire" };
const frost = { type: "below", kind: "temperature", device: "yard", limit: 0, clear: 2 };
const cold = { type: "below", kind: "temperature", device: "boiler", limit: 30, clear: 35 };
const maintenance = { type: "contact", device: "panel", channel: "maintenance" };
const rules = [
  { when: { type: "all", of: [cold, frost] } },
  { when: { type: "all", of: [cold, { type: "not", of: frost }] }, for: "8s", keep: "6s" },
  {
    when: { type: "any", of: [fire, { type: "all", of: [frost, cold] }] },
    keep: "3s",
    rises: [{ after: "7s", to: "critical" }],
  },
  { when: fire, unless: [maintenance, frost], for: "2s" },
  { when: { type: "count", device: "panel", times: 3, within: "15s" } },
  { when: { type: "chatter", device: "panel", times: 4, within: "10s" }, keep: "5s" },
  { when: { type: "falls", kind: "level", by: 0.4, within: "20s", gap: "9s" } },
  { when: { type: "rises", kind: "level", by: 0.4, within: "20s", clear: 0.2 }, for: "1s" },
  { when: { type: "range", kind: "level", low: 1, high: 2, margin: 0.1 } },
  // the fixture begins at 08:00 by the site's clock
  { when: fire, active: { hours: { from: "08:01", to: "08:02" } }, for: "3s" },
].map((rule, index) => ({ id: `r${index}`, name: "R", severity: "warning", settle: "5s", ...rule }));

interface Delivery {
  readonly reading: StoredReading;
  /** Of each of two ways, how long it took. */
  readonly delays: readonly [number, number];
}

const made = fc.record({
  series: fc.nat(4),
  pick: fc.nat(5),
  pause_ms: fc.oneof(fc.constant(0), fc.nat(4 * s)),
  delays: fc.tuple(fc.nat(settle_ms), fc.nat(settle_ms)),
});

/** Readings of a few minutes, each with the delays of its two ways; ticks come each second. */
const story = fc.array(made, { minLength: 1, maxLength: 60 }).map((all): Delivery[] => {
  let at = 0;
  return all.map(({ series, pick, pause_ms, delays }, index) => {
    at += pause_ms;
    const about = { seq: index + 1 };
    const reading = [
      contact(at, pick % 2 === 1, about),
      contact(at, pick % 2 === 1, { ...about, channel: "maintenance" }),
      level(at, [0.9, 1.05, 1.3, 1.6, 1.95, 2.2][pick] ?? 1, about),
      yard(at, [-5, -1, 0, 1, 2, 8][pick] ?? 0, about),
      boiler(at, [20, 29, 31, 34, 36, 50][pick] ?? 0, about),
    ][series] as StoredReading;
    return { reading, delays };
  });
});

function inputs(deliveries: readonly Delivery[], way: 0 | 1): Input[] {
  const readings = deliveries.map(({ reading, delays }): Input => ({
    type: "reading",
    reading,
    now: reading.at + delays[way],
  }));
  const end = 180 * s;
  const ticks = Array.from({ length: end / s }, (_, index): Input => ({ type: "tick", now: start + (index + 1) * s }));
  // a reading that comes at the moment of a tick is before it
  const rank = ({ type }: Input): number => (type === "reading" ? 0 : 1);
  const long = Array.from({ length: 4 }, (_, index): Input => ({
    type: "tick",
    now: start + end + (index + 1) * 600 * s,
  }));
  return [...[...readings, ...ticks].sort((a, b) => a.now - b.now || rank(a) - rank(b)), ...long];
}

function outcome(effects: readonly Effect[]): string[] {
  return effects
    .filter(({ kind }) => kind !== "pending")
    .map(({ rule, device, channel, alert, kind, onset, at, severity }) =>
      [rule, device, channel, alert, kind, onset - start, at - start, severity].join(" "),
    )
    .sort();
}

describe("rules that look at more than a value", () => {
  it("raise the same alerts in whatever order readings come within the time that they wait", () => {
    fc.assert(
      fc.property(story, (deliveries) => {
        const [one, other] = ([0, 1] as const).map((way) => {
          const engine = new Engine(...rules);
          engine.take(...inputs(deliveries, way));
          const raised = new Set(engine.effects.flatMap(({ kind, alert }) => (kind === "raise" ? [alert] : [])));
          // what was only pending and did not last is nobody's business
          return outcome(engine.effects.filter(({ alert }) => raised.has(alert)));
        });
        expect(other).toEqual(one);
      }),
      { numRuns: 300 },
    );
  });

  it("do the same when they are restarted at any point, and however the inputs are cut into steps", () => {
    fc.assert(
      fc.property(story, fc.nat(), (deliveries, pick) => {
        const all = inputs(deliveries, 0);
        const straight = new Engine(...rules);
        straight.take(...all);
        const cut = pick % (all.length + 1);
        const restarted = new Engine(...rules);
        for (const input of all.slice(0, cut)) restarted.take(input);
        restarted.restart();
        restarted.take(...all.slice(cut));
        expect(restarted.effects).toEqual(straight.effects);
        expect(Object.fromEntries(restarted.states.entries())).toEqual(Object.fromEntries(straight.states.entries()));
      }),
      { numRuns: 100 },
    );
  });

  it("let repeated readings change nothing", () => {
    fc.assert(
      fc.property(story, (deliveries) => {
        const once = new Engine(...rules);
        once.take(...inputs(deliveries, 0));
        const twice = new Engine(...rules);
        twice.take(
          ...inputs(
            deliveries.flatMap((one) => [one, { ...one, delays: [one.delays[1] + s, 0] as const }, one]),
            0,
          ),
        );
        expect(outcome(twice.effects)).toEqual(outcome(once.effects));
      }),
      { numRuns: 100 },
    );
  });
});
