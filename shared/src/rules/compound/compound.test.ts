import { describe, expect, it } from "vitest";
import { boiler, contact, Engine, level, start, told, yard } from "../fixture.ts";
import { waiting_max } from "./compound.ts";

const s = 1_000;
const m = 60 * s;
const h = 60 * m;
const rule = (when: object, about: object = {}): object => ({
  id: "r",
  name: "R",
  severity: "warning",
  when,
  ...about,
});
const leak = { type: "falls", kind: "level", device: "tank", by: 0.1, within: "1h" };
const fire = { type: "contact", device: "panel", channel: "fire" };
const maintenance = { type: "contact", device: "panel", channel: "maintenance" };
const cold = { type: "below", kind: "temperature", device: "boiler", limit: 30, clear: 35 };
const frost = { type: "below", kind: "temperature", device: "yard", limit: 0, clear: 1 };
const inMaintenance = (at: number, is: boolean) => contact(at, is, { channel: "maintenance" });

describe("a range", () => {
  it("raises on either side, and clears only well inside", () => {
    const engine = new Engine(rule({ type: "range", kind: "level", low: 1, high: 2, margin: 0.2 }));
    engine.read([1.5, 2.1, 1.9, 1.79, 0.9, 1.1, 1.3].map((metres, index) => level(index, metres)));
    expect(engine.effects.map(told)).toEqual(["raise r 1", "clear r 3", "raise r 4", "clear r 6"]);
  });

  it("without a margin clears where it no longer raises", () => {
    const engine = new Engine(rule({ type: "range", kind: "level", low: 1, high: 2 }));
    expect(engine.read([level(0, 2.1), level(1, 2)])).toEqual(["raise r 0", "clear r 1"]);
  });
});

describe("a change", () => {
  it("raises when a tank loses too much in too short a time, and clears when it does no longer", () => {
    const engine = new Engine(rule(leak));
    const readings = Array.from({ length: 12 }, (_, index) => level(index * 10 * m, 2 - 0.03 * Math.min(index, 7)));
    engine.read(readings);
    // 0.12 m after 40 min; from 70 min on it falls no more
    expect(engine.effects.map(told)).toEqual([`raise r ${40 * m}`, `clear r ${100 * m}`]);
    expect(engine.effects[0]).toMatchObject({ device: "tank", measure: "level", value: 1.88 });
  });

  it("does not look at what goes the other way", () => {
    const engine = new Engine(rule(leak));
    expect(engine.read([level(0, 1), level(10 * m, 2), level(20 * m, 1.95)])).toEqual([]);
    const rising = new Engine(rule({ ...leak, type: "rises" }));
    expect(rising.read([level(0, 1), level(10 * m, 2), level(20 * m, 1.95)])).toEqual([`raise r ${10 * m}`]);
  });

  it("gives no verdict over a gap", () => {
    const engine = new Engine(rule({ ...leak, gap: "15m" }));
    expect(engine.read([level(0, 2), level(16 * m, 1.5), level(20 * m, 1.45)])).toEqual([]);
    expect(engine.read(level(30 * m, 1.39))).toEqual([`raise r ${30 * m}`]);
  });

  it("remembers little however many readings come", () => {
    const engine = new Engine(rule(leak));
    engine.read(Array.from({ length: 5_000 }, (_, index) => level(index * s, 2 - index * 1e-6)));
    const state = engine.states.get("compound/court/r/tank/level/-");
    expect(JSON.stringify(state).length).toBeLessThan(4_000);
  });
});

describe("a count of closings", () => {
  const three = rule({ type: "count", device: "panel", channel: "fire", times: 3, within: "10m" });

  it("raises at the last of them, and clears when the first is long enough ago", () => {
    const engine = new Engine(three);
    engine.read([0, 1, 2].flatMap((n) => [contact(n * m, true), contact(n * m + s, false)]));
    expect(engine.effects.map(told)).toEqual([`raise r ${2 * m}`]);
    expect(engine.states.due).toBe(start + 10 * m + 1);
    expect(engine.tick(10 * m)).toEqual([]);
    expect(engine.tick(11 * m)).toEqual([`clear r ${10 * m + 1}`]);
  });

  it("does not count what is repeated, nor what lies too far apart", () => {
    const engine = new Engine(three);
    expect(engine.read([contact(0, true), contact(1, true), contact(2, true)])).toEqual([]);
    expect(
      engine.read([contact(3, false), contact(6 * m, true), contact(7 * m, false), contact(12 * m, true)]),
    ).toEqual([]);
  });
});

describe("chatter", () => {
  it("raises when a contact changes too often", () => {
    const engine = new Engine(rule({ type: "chatter", device: "panel", channel: "fire", times: 4, within: "1m" }));
    expect(engine.read([0, 1, 2, 3, 4].map((n) => contact(n * s, n % 2 === 0)))).toEqual([`raise r ${4 * s}`]);
    expect(engine.tick(61 * s + 1)).toEqual([`clear r ${61 * s + 1}`]);
  });
});

describe("a composition", () => {
  const both = rule({ type: "all", of: [cold, frost] }, { settle: "0s" });

  it("raises when all hold, whichever comes last, and clears when one does not", () => {
    const engine = new Engine(both);
    expect(engine.read([boiler(0, 20), yard(1 * m, -5)])).toEqual([`raise r ${1 * m}`]);
    expect(engine.effects[0]).toMatchObject({ device: "boiler", channel: "supply", value: 20 });
    expect(engine.read([yard(2 * m, 0.5), boiler(3 * m, 36)])).toEqual([`clear r ${3 * m}`]);
    expect(engine.read(boiler(4 * m, 20))).toEqual([]);
    expect(engine.read(yard(5 * m, -1))).toEqual([`raise r ${5 * m}`]);
  });

  it("knows nothing of what was never heard", () => {
    const engine = new Engine(rule({ type: "all", of: [cold, { type: "not", of: frost }] }, { settle: "0s" }));
    expect(engine.read(boiler(0, 20))).toEqual([]);
    expect(engine.read(yard(1, 5))).toEqual(["raise r 1"]);
  });

  it("of `any` raises at the first", () => {
    const engine = new Engine(rule({ type: "any", of: [cold, frost] }, { settle: "0s" }));
    expect(engine.read([yard(0, -5), boiler(1, 20), yard(2, 5), boiler(3, 40)])).toEqual(["raise r 0", "clear r 3"]);
  });

  it("must hold for as long as the rule asks", () => {
    const engine = new Engine(rule({ type: "all", of: [cold, frost] }, { settle: "0s", for: "10m" }));
    engine.read([boiler(0, 20), yard(1 * m, -5)]);
    expect(engine.tick(11 * m)).toEqual([`raise r ${11 * m}`]);
  });

  it("judges the readings of one moment together", () => {
    const engine = new Engine(both);
    engine.read([boiler(0, 40), yard(0, -5)]);
    const settled = new Engine(rule({ type: "all", of: [cold, frost] }, { settle: "2s" }));
    settled.read([yard(0, -5), boiler(0, 40), boiler(10 * s, 20), yard(10 * s, 5)]);
    expect(settled.tick(20 * s)).toEqual([]);
    expect(settled.effects).toEqual([]);
  });

  it("waits for readings that come out of order, and does not count a moment that was none", () => {
    const engine = new Engine(rule({ type: "all", of: [cold, frost] }, { settle: "5s" }));
    engine.read([boiler(0, 40), yard(0, 5)]);
    // the boiler was cold for a second before the frost came, which is heard first
    expect(engine.read(yard(3 * s, -5), 3 * s)).toEqual([]);
    expect(engine.read([boiler(1 * s, 20), boiler(2 * s, 40)], 4 * s)).toEqual([]);
    expect(engine.tick(30 * s)).toEqual([]);
    expect(engine.effects).toEqual([]);
  });

  it("goes on though one series always comes later than the rule waits", () => {
    const engine = new Engine(both);
    engine.read([yard(60 * s, -5)]);
    expect(engine.read(boiler(30 * s, 20), 61 * s)).toEqual([`raise r ${60 * s}`]);
  });

  it("bounds what waits", () => {
    const engine = new Engine(rule({ type: "all", of: [cold, frost] }, { settle: "1h" }));
    engine.read(Array.from({ length: 2 * waiting_max }, (_, index) => yard(index, -5)));
    const state = engine.states.get("compound/court/r");
    expect(state?.type === "compound" && state.waiting.length).toBe(waiting_max);
  });
});

describe("a rule that has its quiet", () => {
  it("raises nothing while there is maintenance, and clears what it had raised", () => {
    const engine = new Engine(rule(fire, { unless: [maintenance], settle: "0s" }));
    expect(engine.read([inMaintenance(0, true), contact(1, true), contact(2, false)])).toEqual([]);
    expect(engine.read([inMaintenance(3, false), contact(4, true)])).toEqual(["raise r 4"]);
    expect(engine.read(inMaintenance(5, true))).toEqual(["clear r 5"]);
    // still closed when the maintenance is over
    expect(engine.read(inMaintenance(6, false))).toEqual(["raise r 6"]);
  });

  it("is not quiet by what was never heard", () => {
    const engine = new Engine(rule(fire, { unless: [maintenance], settle: "0s" }));
    expect(engine.read(contact(0, true))).toEqual(["raise r 0"]);
  });
});

describe("a rule with a schedule", () => {
  // the fixture begins at 08:00 by the site's clock
  const atNight = rule(fire, { active: { hours: { from: "22:00", to: "06:00" } } });

  it("raises when its time comes though nothing new is read, and clears when it is over", () => {
    const engine = new Engine(atNight);
    expect(engine.read([contact(0, true)])).toEqual([]);
    expect(engine.tick(14 * h - 1)).toEqual([]);
    expect(engine.states.due).toBeLessThanOrEqual(start + 14 * h);
    expect(engine.tick(14 * h)).toEqual([`raise r ${14 * h}`]);
    expect(engine.tick(23 * h)).toEqual([`clear r ${22 * h}`]);
  });

  it("asks for its duration within its time", () => {
    const engine = new Engine(rule(fire, { active: { hours: { from: "22:00", to: "06:00" } }, for: "1h" }));
    engine.read(contact(13 * h, true));
    expect(engine.tick(14.5 * h)).toEqual([`pending r ${15 * h}`]);
    expect(engine.tick(16 * h)).toEqual([`raise r ${15 * h}`]);
  });
});

describe("the present, with a backlog", () => {
  it("waits for the reading that may show that it did not last", () => {
    const engine = new Engine(rule(fire, { unless: [maintenance], settle: "0s", for: "30s" }));
    engine.read(contact(0, true), 10 * m);
    expect(engine.tick(10 * m + 1 * s)).toEqual([]);
    expect(engine.read(contact(10 * s, false), 10 * m + 2 * s)).toEqual([`clear r ${10 * s}`]);
  });
});

describe("a silent series", () => {
  const silent = rule({ type: "series_silent", kind: "contact", device: "panel", after: "10m" });

  it("raises though its device speaks, for each series that the site file lists", () => {
    const engine = new Engine(silent);
    engine.gateway(0);
    engine.read([contact(0, false), inMaintenance(0, false)]);
    for (let now = 0; now <= 10 * m; now += 10 * s) {
      engine.gateway(now);
      engine.read(contact(now, false));
    }
    expect(engine.tick(10 * m)).toEqual([`raise r ${10 * m}`]);
    expect(engine.effects.at(-1)).toMatchObject({ device: "panel", measure: "contact", channel: "maintenance" });
    engine.read(inMaintenance(11 * m, false));
    expect(engine.tick(11 * m + 1)).toEqual([`clear r ${11 * m}`]);
  });
});
