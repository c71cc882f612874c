import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Engine, level, rules } from "./fixture.ts";
import { holes_max } from "./holes.ts";

const s = 1_000;
const m = 60 * s;
const h = 60 * m;

/** The tank was well before an outage of two hours and is well behind it, which is heard first. */
function outage(rule: object = rules.tankLow): Engine {
  const engine = new Engine(rule);
  engine.read(level(0, 2, { seq: 1 }));
  engine.read(level(2 * h, 2, { seq: 100 }));
  return engine;
}

describe("what a backlog shows that comes behind what is new", () => {
  it("is told when it is over, in retrospect", () => {
    const engine = outage();
    expect(engine.read(level(30 * m, 1.2, { seq: 40 }), 2 * h + 5 * s)).toEqual([]);
    expect(engine.read(level(35 * m, 1.3, { seq: 41 }), 2 * h + 5 * s)).toEqual([]);
    expect(engine.read(level(40 * m, 1.8, { seq: 42 }), 2 * h + 6 * s)).toEqual([
      `raise tank-low ${30 * m}`,
      `clear tank-low ${40 * m}`,
    ]);
    expect(engine.effects[0]).toMatchObject({ retrospective: true, value: 1.2 });
    expect(engine.tick(3 * h)).toEqual([]);
  });

  it("is over by what came behind it where the backlog does not say", () => {
    const engine = outage();
    engine.read(level(100 * m, 1.2, { seq: 90 }), 2 * h + 5 * s);
    expect(engine.states.due).toBeDefined();
    expect(engine.tick(2 * h + 64 * s)).toEqual([]);
    expect(engine.tick(2 * h + 65 * s)).toEqual([`raise tank-low ${100 * m}`, `clear tank-low ${2 * h}`]);
    expect(engine.states.due).toBeUndefined();
  });

  it("must have lasted as long as the rule asks", () => {
    const engine = outage({ ...rules.tankLow, for: "10m" });
    const backlog = [
      [30, 1.2],
      [35, 2],
      [40, 1.2],
      [51, 1.2],
      [52, 2],
    ].map(([minute = 0, metres = 0], index) => level(minute * m, metres, { seq: 10 + index }));
    expect(engine.read(backlog, 2 * h + 5 * s)).toEqual([`raise tank-low ${50 * m}`, `clear tank-low ${52 * m}`]);
  });

  it("is nothing new where it had been raised before", () => {
    const engine = new Engine(rules.tankLow);
    engine.read([level(0, 1, { seq: 1 }), level(2 * h, 2, { seq: 100 })]);
    expect(engine.read([level(30 * m, 1.2, { seq: 40 }), level(40 * m, 2, { seq: 41 })], 2 * h + 5 * s)).toEqual([]);
    expect(engine.read([level(50 * m, 1, { seq: 42 }), level(55 * m, 2, { seq: 43 })], 2 * h + 5 * s)).toEqual([
      `raise tank-low ${50 * m}`,
      `clear tank-low ${55 * m}`,
    ]);
  });

  it("changes nothing when it comes again, also after a restart", () => {
    const engine = outage();
    const backlog = [level(30 * m, 1.2, { seq: 40 }), level(40 * m, 1.8, { seq: 42 })];
    engine.read(backlog[0] as (typeof backlog)[0], 2 * h + 5 * s);
    engine.restart();
    expect(engine.read(backlog, 2 * h + 5 * s)).toHaveLength(2);
    engine.restart();
    expect(engine.read(backlog, 2 * h + 6 * s)).toEqual([]);
  });

  it("does not touch the present", () => {
    const engine = new Engine(rules.tankLow);
    engine.read([level(0, 2, { seq: 1 }), level(2 * h, 1, { seq: 100 })]);
    engine.read(level(30 * m, 2, { seq: 40 }), 2 * h + 5 * s);
    expect(engine.read(level(3 * h, 2, { seq: 200 }))).toEqual([`clear tank-low ${3 * h}`]);
  });

  it("is the same however it and what is new come together", () => {
    const metres = fc.constantFrom(1, 1.4, 1.6, 1.8, 2);
    const story = fc.record({
      before: metres,
      backlog: fc.array(metres, { maxLength: 20 }),
      live: fc.array(metres, { minLength: 1, maxLength: 10 }),
      order: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      for_: fc.constantFrom("0s", "5m"),
    });
    fc.assert(
      fc.property(story, ({ before, backlog, live, order, for_ }) => {
        const outcome = (turns: readonly boolean[]): string[] => {
          const engine = new Engine({ ...rules.tankLow, for: for_ });
          const late = backlog.map((value, index) => level((index + 1) * 2 * m, value, { seq: index + 2 }));
          const now = live.map((value, index) => level(2 * h + index * 10 * s, value, { seq: 100 + index }));
          engine.read(level(0, before, { seq: 1 }));
          // the first of what is new makes the hole
          engine.read(now.shift() ?? [], 3 * h);
          for (const isLate of turns) engine.read((isLate ? late : now).shift() ?? [], 3 * h);
          engine.read([...late, ...now], 3 * h);
          engine.tick(4 * h);
          const raised = new Set(engine.effects.flatMap(({ kind, alert }) => (kind === "raise" ? [alert] : [])));
          return engine.effects
            .filter(({ alert, kind }) => raised.has(alert) && kind !== "pending")
            .map(({ kind, alert, at }) => `${kind} ${alert} ${at}`)
            .sort();
        };
        expect(outcome(order)).toEqual(outcome([]));
      }),
      { numRuns: 500 },
    );
  });

  it("is looked for in the last pauses only", () => {
    const engine = new Engine(rules.tankLow);
    engine.read(Array.from({ length: 10 }, (_, index) => level(index * h, 2, { seq: index * 100 + 1 })));
    const state = engine.states.get("series/court/tank-low/tank/level/-");
    expect(state?.type === "series" && state.holes?.length).toBe(holes_max);
  });
});
