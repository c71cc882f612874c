import { describe, expect, it } from "vitest";
import { contact, Engine, level, rules, siteWith, start } from "../fixture.ts";
import { RuleBook } from "../rule-book.ts";
import { prune } from "../step.ts";

const s = 1_000;
const m = 60 * s;
const h = 60 * m;

describe("an alert that is kept", () => {
  const kept = {
    ...rules.fault,
    id: "kept",
    when: { ...rules.fire.when, channel: "maintenance" },
    for: undefined,
    keep: "1m",
  };
  const bell = (at: number, closed: boolean) => contact(at, closed, { channel: "maintenance" });

  it("is one however it flaps, and clears when it has been over for so long", () => {
    const engine = new Engine(kept);
    expect(engine.read([bell(0, true), bell(10 * s, false), bell(20 * s, true), bell(30 * s, false)])).toEqual([
      "raise kept 0",
    ]);
    expect(engine.tick(89 * s)).toEqual([]);
    expect(engine.tick(90 * s)).toEqual([`clear kept ${90 * s}`]);
    expect(engine.effects[1]?.alert).toBe(engine.effects[0]?.alert);
    expect(engine.read(bell(100 * s, true))).toEqual([`raise kept ${100 * s}`]);
  });

  it("is another when it comes back later, also where no tick came between", () => {
    const engine = new Engine(kept);
    expect(engine.read([bell(0, true), bell(10 * s, false), bell(71 * s, true)])).toEqual([
      "raise kept 0",
      `clear kept ${70 * s}`,
      `raise kept ${71 * s}`,
    ]);
  });

  it("tells when to ask", () => {
    const engine = new Engine(kept);
    engine.read([bell(0, true), bell(10 * s, false)]);
    expect(engine.states.due).toBe(start + 70 * s);
  });

  it("clears by the name that people know when its rule goes, whether it is over or not", () => {
    for (const last of [bell(20 * s, true), bell(20 * s, false)]) {
      const engine = new Engine(kept);
      engine.read([bell(0, true), bell(10 * s, false), bell(15 * s, true), last]);
      const { changes, effects } = prune(new RuleBook([siteWith([])]), engine.states, start + 30 * s);
      expect(effects.map(({ kind, alert }) => [kind, alert])).toEqual([["clear", engine.effects[0]?.alert]]);
      engine.states.apply(changes);
      expect([...engine.states.entries()].map(([key]) => key)).toEqual(["device/court/panel"]);
    }
  });
});

describe("the severity of an alert that lasts", () => {
  const rising = {
    ...rules.fault,
    for: "0s",
    rises: [
      { after: "10m", to: "warning" },
      { after: "30m", to: "critical" },
    ],
  };
  const fault = (at: number, closed: boolean) => contact(at, closed, { channel: "fault" });

  it("rises step by step", () => {
    const engine = new Engine(rising);
    engine.read(fault(0, true));
    expect(engine.states.due).toBe(start + 10 * m);
    expect(engine.tick(10 * m)).toEqual([`rise fault ${10 * m}`]);
    expect(engine.tick(31 * m)).toEqual([`rise fault ${30 * m}`]);
    expect(engine.effects.slice(1).map(({ severity }) => severity)).toEqual(["warning", "critical"]);
    expect(engine.tick(90 * m)).toEqual([]);
  });

  it("does not when it is over", () => {
    const engine = new Engine(rising);
    engine.read([fault(0, true), fault(5 * m, false)]);
    expect(engine.tick(60 * m)).toEqual([]);
    expect(engine.states.due).toBeUndefined();
  });

  it("does not while it is over and only kept, but does when it comes back", () => {
    const engine = new Engine({ ...rising, keep: "20m" });
    engine.read([fault(0, true), fault(5 * m, false)]);
    expect(engine.tick(12 * m)).toEqual([]);
    expect(engine.states.due).toBe(start + 25 * m);
    engine.read(fault(20 * m, true));
    expect(engine.tick(25 * m)).toEqual([`rise fault ${10 * m}`]);
  });

  it("rises of silence as well", () => {
    const engine = new Engine({ ...rules.gatewaySilent, rises: [{ after: "1h", to: "critical" }] });
    engine.take({ type: "resume", now: start });
    engine.gateway(0);
    engine.tick(2 * m);
    expect(engine.tick(62 * m)).toEqual([`rise gateway-silent ${62 * m}`]);
  });
});

describe("what comes to light late", () => {
  it("is raised in retrospect, and nobody is told once it is over", () => {
    const engine = new Engine(rules.tankLow);
    engine.read([level(0, 1), level(5 * m, 2)], 1 * h);
    expect(engine.effects.map(({ kind, retrospective }) => [kind, retrospective])).toEqual([
      ["raise", true],
      ["clear", undefined],
    ]);
    expect(engine.tick(3 * h)).toEqual([]);
  });

  it("is told after all when it still holds and its gateway has nothing more to hand over", () => {
    const engine = new Engine(rules.tankLow);
    engine.gateway(60 * m, { backlog: 50_000 });
    engine.read(level(0, 1), 60 * m);
    expect(engine.tick(70 * m)).toEqual([]);
    engine.gateway(71 * m, { backlog: 0 });
    expect(engine.tick(71 * m)).toEqual([`confirm tank-low ${71 * m}`]);
    expect(engine.tick(72 * m)).toEqual([]);
  });

  it("is not told while it is over and only kept", () => {
    const engine = new Engine({ ...rules.tankLow, keep: "10m" });
    engine.read([level(0, 1), level(5 * m, 2)], 60 * m);
    expect(engine.tick(65 * m)).toEqual([]);
    expect(engine.tick(70 * m)).toEqual([`clear tank-low ${15 * m}`]);
    expect(engine.tick(3 * h)).toEqual([]);
  });

  it("rises only from then on", () => {
    const engine = new Engine({ ...rules.tankLow, rises: [{ after: "10m", to: "critical" }] });
    engine.read(level(0, 1), 60 * m);
    expect(engine.tick(60 * m + 1)).toEqual([]);
    expect(engine.tick(62 * m)).toEqual([`confirm tank-low ${62 * m}`]);
    expect(engine.tick(62 * m + s)).toEqual([`rise tank-low ${10 * m}`]);
  });

  it("is told at once of a fire, and of what a rule says so of", () => {
    const engine = new Engine(rules.fire, { ...rules.tankLow, tell_late: true });
    engine.read([contact(0, true), contact(5, false), level(0, 1)], 24 * h);
    expect(engine.effects.map(({ kind, rule, retrospective }) => [kind, rule, retrospective])).toEqual([
      ["raise", "fire", undefined],
      ["clear", "fire", undefined],
      ["raise", "tank-low", undefined],
    ]);
  });

  it("is as late as the rule says", () => {
    const engine = new Engine({ ...rules.tankLow, late_after: "2h" });
    engine.read(level(0, 1), 119 * m);
    expect(engine.effects[0]?.retrospective).toBeUndefined();
  });
});
