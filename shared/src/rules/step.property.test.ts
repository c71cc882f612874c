import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredReading } from "../model/reading.ts";
import { contact, Engine, level, reading, rules, start } from "./fixture.ts";
import type { Input } from "./step.ts";

const s = 1_000;
const all = [rules.fire, rules.fault, rules.tankLow, rules.boilerHot, rules.sensorSilent, rules.gatewaySilent];

const series = fc.constantFrom<Partial<StoredReading>>(
  { device: "panel", kind: "contact", channel: "fire" },
  { device: "panel", kind: "contact", channel: "fault" },
  { device: "tank", kind: "level", channel: null },
  { device: "boiler", kind: "temperature", channel: "supply" },
);
const values: Record<string, readonly number[]> = {
  contact: [0, 1],
  level: [1.2, 1.49, 1.5, 1.6, 1.7, 1.71],
  temperature: [79, 80, 84, 85, 86, 90],
};

/** A site's day in disorder: readings late or of unsure clocks, gateways that come and go, time that passes. */
const story = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          what: fc.constant("reading" as const),
          series,
          pick: fc.nat(5),
          late_ms: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(90 * s)),
          unsure: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
          pause_ms: fc.nat(20 * s),
        }),
      },
      { weight: 2, arbitrary: fc.record({ what: fc.constant("tick" as const), pause_ms: fc.nat(400 * s) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          what: fc.constant("gateway" as const),
          connected: fc.boolean(),
          backlog: fc.constantFrom(0, 50_000),
          pause_ms: fc.nat(100 * s),
        }),
      },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((events): Input[] => {
    let now = start;
    const taken = new Set<number>();
    return events.map((event, index): Input => {
      now += event.pause_ms;
      if (event.what === "tick") return { type: "tick", now };
      if (event.what === "gateway") {
        const { connected, backlog } = event;
        return { type: "gateway", now, gateway: "gw", connected, heardAt: now, backlog };
      }
      // an alert is named by its millisecond: no two readings share one
      let at = now - start - event.late_ms;
      while (taken.has(at)) at++;
      taken.add(at);
      const choice = values[event.series.kind ?? ""] ?? [];
      const value = choice[event.pick % choice.length] ?? 0;
      const clock = event.unsure ? "unsynchronised" : "synchronised";
      return { type: "reading", now, reading: reading(at, { ...event.series, seq: index + 1, value, clock }) };
    });
  });

describe("the rules, whatever happens", () => {
  it("do the same when they are restarted at any point", () => {
    fc.assert(
      fc.property(story, fc.nat(), (inputs, pick) => {
        const straight = new Engine(...all);
        straight.take(...inputs);
        const cut = pick % (inputs.length + 1);
        const restarted = new Engine(...all);
        restarted.take(...inputs.slice(0, cut));
        restarted.restart();
        restarted.take(...inputs.slice(cut));
        expect(restarted.effects).toEqual(straight.effects);
        expect(Object.fromEntries(restarted.states.entries())).toEqual(Object.fromEntries(straight.states.entries()));
      }),
      { numRuns: 500 },
    );
  });

  it("do the same however the inputs are cut into steps", () => {
    fc.assert(
      fc.property(story, (inputs) => {
        const whole = new Engine(...all);
        whole.take(...inputs);
        const single = new Engine(...all);
        for (const input of inputs) single.take(input);
        expect(single.effects).toEqual(whole.effects);
      }),
    );
  });

  it("let repeated readings change nothing", () => {
    fc.assert(
      fc.property(story, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (inputs, picks) => {
        const once = new Engine(...all);
        once.take(...inputs);
        const twice = new Engine(...all);
        inputs.forEach((input, index) => {
          twice.take(input);
          const earlier = inputs[(picks[index % picks.length] ?? 0) % (index + 1)];
          if (earlier?.type === "reading") twice.take({ ...earlier, now: input.now });
        });
        expect(twice.effects).toEqual(once.effects);
      }),
      { numRuns: 500 },
    );
  });

  it("raise and clear each alert at most once, in that order", () => {
    fc.assert(
      fc.property(story, (inputs) => {
        const engine = new Engine(...all);
        engine.take(...inputs);
        const told = new Map<string, string[]>();
        for (const { alert, kind } of engine.effects) told.set(alert, [...(told.get(alert) ?? []), kind]);
        for (const kinds of told.values()) {
          expect([
            "raise",
            "raise,clear",
            "pending",
            "pending,clear",
            "pending,raise",
            "pending,raise,clear",
          ]).toContain(kinds.join());
        }
      }),
      { numRuns: 500 },
    );
  });

  it("raise one alert for each closure, however what is new and the backlog before it come together", () => {
    const arrivals = fc.array(fc.record({ isClosed: fc.boolean(), isFromBacklog: fc.boolean() }), {
      minLength: 1,
      maxLength: 16,
    });
    fc.assert(
      fc.property(arrivals, (all) => {
        const made = all.map(({ isClosed }, index) => contact(index * s, isClosed));
        const closures = made.filter(({ value }, index) => value === 1 && made[index - 1]?.value !== 1).length;
        // the backlog is older than all that is new, and each of them comes in its order
        const backlog = made.slice(0, all.filter(({ isFromBacklog }) => isFromBacklog).length);
        const live = made.slice(backlog.length);
        const engine = new Engine(rules.fire);
        for (const { isFromBacklog } of all) {
          engine.read((isFromBacklog ? backlog : live).shift() as StoredReading, made.length * s);
        }
        const alerts = (kind: string): string[] =>
          engine.effects.filter((effect) => effect.kind === kind).map(({ alert }) => alert);
        expect(alerts("raise").length).toBe(closures);
        expect(new Set(alerts("raise")).size).toBe(closures);
        expect(alerts("clear").length).toBe(made.at(-1)?.value === 1 ? closures - 1 : closures);
      }),
      { numRuns: 3_000 },
    );
  });

  it("never flap between limit and clear value", () => {
    const inside = fc.array(fc.double({ min: 1.5, max: 1.7, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(inside, fc.boolean(), (band, low) => {
        const engine = new Engine(rules.tankLow);
        engine.read(level(0, low ? 1 : 2));
        engine.read(band.map((metres, index) => level(index + 1, metres)));
        expect(engine.effects).toHaveLength(low ? 1 : 0);
      }),
    );
  });
});
