import { describe, expect, it } from "vitest";
import { Engine, contact, level, reading, rules, start, told } from "./fixture.ts";
import { prune } from "./step.ts";
import { RuleBook } from "./rule-book.ts";
import { siteWith } from "./fixture.ts";

const s = 1_000;
const m = 60 * s;

describe("a contact rule", () => {
  it("raises at once, once, and clears when the contact opens", () => {
    const engine = new Engine(rules.fire);
    expect(engine.read(contact(0, false))).toEqual([]);
    expect(engine.read(contact(5, true))).toEqual(["raise fire 5"]);
    expect(engine.read(contact(6, true))).toEqual([]);
    expect(engine.read(contact(9, false))).toEqual(["clear fire 9"]);
    expect(engine.effects[0]).toMatchObject({ device: "panel", channel: "fire", measure: "contact", value: 1 });
    expect(engine.effects[1]?.alert).toBe(engine.effects[0]?.alert);
  });

  it("knows a repeat also where the contact opened in the same moment", () => {
    const engine = new Engine(rules.fire);
    const both = [contact(0, true), contact(0, false)];
    expect(engine.read(both)).toEqual(["raise fire 0", "clear fire 0"]);
    expect(engine.read(both)).toEqual([]);
  });

  it("gives each onset an alert of its own", () => {
    const engine = new Engine(rules.fire);
    engine.read([contact(0, true), contact(1, false), contact(2, true)]);
    expect(engine.effects.map(told)).toEqual(["raise fire 0", "clear fire 1", "raise fire 2"]);
    expect(engine.effects[2]?.alert).not.toBe(engine.effects[0]?.alert);
  });

  it("looks at its own device and channel only", () => {
    const engine = new Engine(rules.fire);
    engine.read([contact(0, true, { channel: "mains" }), contact(0, true, { device: "tank" })]);
    expect(engine.effects).toEqual([]);
  });

  it("may fire while the contact is open", () => {
    const engine = new Engine({ ...rules.fire, when: { ...rules.fire.when, closed: false } });
    expect(engine.read([contact(0, true), contact(1, false), contact(2, true)])).toEqual([
      "raise fire 1",
      "clear fire 2",
    ]);
  });

  it("raises a late closure that was not known, and clears it, since it is over", () => {
    const engine = new Engine(rules.fire);
    engine.read([contact(0, false), contact(60 * m, false)]);
    expect(engine.read(contact(10 * m, true), 61 * m)).toEqual([`raise fire ${10 * m}`, `clear fire ${60 * m}`]);
    expect(engine.read([contact(11 * m, true), contact(12 * m, false)], 61 * m)).toEqual([]);
  });

  it("does not clear what is present because of a late opening", () => {
    const engine = new Engine(rules.fire);
    engine.read(contact(60 * m, true));
    expect(engine.read(contact(50 * m, false), 61 * m)).toEqual([]);
    expect(engine.read(contact(62 * m, false))).toEqual([`clear fire ${62 * m}`]);
  });

  it("tells of the closure that a late opening shows, and that was taken for the same as one before", () => {
    const engine = new Engine(rules.fire);
    // what is new came before the backlog, as after an outage
    engine.read([contact(10 * m, true), contact(50 * m, true)]);
    expect(engine.read(contact(20 * m, false), 51 * m)).toEqual([`clear fire ${20 * m}`, `raise fire ${50 * m}`]);
    expect(engine.read([contact(30 * m, true), contact(20 * m, false)], 51 * m)).toEqual([]);
    expect(engine.read(contact(40 * m, false), 51 * m)).toEqual([`raise fire ${30 * m}`, `clear fire ${40 * m}`]);
    expect(engine.read(contact(60 * m, false))).toEqual([`clear fire ${60 * m}`]);
    expect(new Set(engine.effects.map(({ alert }) => alert)).size).toBe(3);
  });

  it("tells of it also where all of them are over", () => {
    const engine = new Engine(rules.fire);
    engine.read([contact(10 * m, true), contact(50 * m, true), contact(60 * m, false)]);
    expect(engine.read(contact(20 * m, false), 61 * m)).toEqual([`raise fire ${50 * m}`, `clear fire ${60 * m}`]);
  });

  it("goes by the gateway's count where the clock is unsure", () => {
    const engine = new Engine(rules.fire);
    const unsure = { clock: "unsynchronised" } as const;
    engine.read(contact(-9_000 * m, false, { ...unsure, seq: 90 }), 0);
    // newer by its seq, though its time is older
    expect(engine.read(contact(-9_999 * m, true, { ...unsure, seq: 91 }), 7)).toEqual(["raise fire 7"]);
    expect(engine.read(contact(-9_000 * m, false, { ...unsure, seq: 92 }), 8)).toEqual(["clear fire 8"]);
    // a closure out of the backlog
    expect(engine.read(contact(-9_990 * m, true, { ...unsure, seq: 40 }), 9)).toEqual(["raise fire 9", "clear fire 9"]);
    expect(engine.read(contact(-9_989 * m, true, { ...unsure, seq: 41 }), 9)).toEqual([]);
  });

  it("is not made blind by a reading from the future", () => {
    const engine = new Engine(rules.fire);
    engine.read(contact(999_999 * m, false), 0);
    expect(engine.read(contact(1, true))).toEqual(["raise fire 1"]);
  });
});

describe("a rule with a duration", () => {
  it("says nothing of what does not last", () => {
    const engine = new Engine(rules.fault);
    expect(engine.read(contact(0, true, { channel: "fault" }))).toEqual([`pending fault ${30 * s}`]);
    expect(engine.tick(29 * s)).toEqual([]);
    expect(engine.read(contact(29 * s + 999, false, { channel: "fault" }))).toEqual([`clear fault ${29 * s + 999}`]);
    expect(engine.tick(60 * s)).toEqual([]);
  });

  it("raises when the time has come, and tells when to ask", () => {
    const engine = new Engine(rules.fault);
    engine.read(contact(0, true, { channel: "fault" }));
    expect(engine.states.due).toBe(start + 30 * s);
    expect(engine.tick(30 * s - 1)).toEqual([]);
    expect(engine.tick(30 * s)).toEqual([`raise fault ${30 * s}`]);
    expect(engine.states.due).toBeUndefined();
    expect(engine.tick(31 * s)).toEqual([]);
  });

  it("raises by the readings' own times where they say it lasted", () => {
    const engine = new Engine(rules.fault);
    engine.read(contact(0, true, { channel: "fault" }), 60 * m);
    expect(engine.read(contact(31 * s, true, { channel: "fault" }), 60 * m)).toEqual([`raise fault ${30 * s}`]);
  });

  it("waits, with a backlog, for the reading that may show it did not last", () => {
    const engine = new Engine(rules.fault);
    engine.read(contact(0, true, { channel: "fault" }), 60 * m);
    expect(engine.tick(60 * m + 1 * s)).toEqual([]);
    expect(engine.read(contact(10 * s, false, { channel: "fault" }), 60 * m + 2 * s)).toEqual([
      `clear fault ${10 * s}`,
    ]);
  });

  it("begins anew when the value falls back between limit and clear", () => {
    const engine = new Engine(rules.boilerHot);
    const hot = (at: number, value: number) =>
      reading(at, { device: "boiler", kind: "temperature", channel: "supply", value });
    engine.read([hot(0, 86), hot(5 * s, 84), hot(6 * s, 86)]);
    expect(engine.tick(15 * s)).toEqual([]);
    expect(engine.tick(16 * s)).toEqual([`raise boiler-hot ${16 * s}`]);
    expect(engine.read([hot(17 * s, 84), hot(18 * s, 80)])).toEqual([]);
    expect(engine.read(hot(19 * s, 79.9))).toEqual([`clear boiler-hot ${19 * s}`]);
  });
});

describe("a threshold rule", () => {
  it("raises below its limit and clears above its clear value only", () => {
    const engine = new Engine(rules.tankLow);
    engine.read([1.5, 1.49, 1.55, 1.49, 1.7, 1.71, 1.6, 1.5, 1.4].map((metres, index) => level(index, metres)));
    expect(engine.effects.map(told)).toEqual(["raise tank-low 1", "clear tank-low 5", "raise tank-low 8"]);
  });

  it("lets late readings change nothing of the present", () => {
    const engine = new Engine(rules.tankLow);
    engine.read(level(10, 2));
    expect(engine.read(level(5, 1), 11)).toEqual([]);
    engine.read(level(12, 1));
    expect(engine.read(level(11, 2), 13)).toEqual([]);
    expect(engine.effects.map(told)).toEqual(["raise tank-low 12"]);
  });

  it("passes over a reading without a value", () => {
    const engine = new Engine(rules.tankLow);
    expect(engine.read(level(0, 0, { value: null }))).toEqual([]);
  });

  it("keeps the series of several devices apart", () => {
    const engine = new Engine({ ...rules.tankLow, when: { type: "below", kind: "level", limit: 1.5 } });
    engine.read([level(0, 1), level(1, 1, { device: "boiler" }), level(2, 1.6)]);
    expect(engine.effects.map((effect) => `${effect.kind} ${effect.device}`)).toEqual([
      "raise tank",
      "raise boiler",
      "clear tank",
    ]);
  });
});

describe("a silent device", () => {
  const onTank = { ...rules.sensorSilent, when: { type: "device_silent", device: "tank", after: "10m" } };

  it("raises while its gateway is heard, and clears when it speaks", () => {
    const engine = new Engine(onTank);
    engine.gateway(0);
    engine.read(level(1 * m, 2));
    for (let now = 1 * m; now < 11 * m; now += 10 * s) {
      engine.gateway(now);
      expect(engine.tick(now)).toEqual([]);
    }
    engine.gateway(11 * m);
    expect(engine.tick(11 * m)).toEqual([`raise sensor-silent ${11 * m}`]);
    expect(engine.effects[0]).toMatchObject({ device: "tank", measure: null, onset: start + 1 * m, value: null });
    engine.gateway(12 * m);
    expect(engine.tick(12 * m)).toEqual([]);
    engine.read(level(13 * m, 2));
    expect(engine.tick(13 * m + 1)).toEqual([`clear sensor-silent ${13 * m}`]);
  });

  it("is not called silent while its gateway is offline, nor before it had its time after that", () => {
    const engine = new Engine(onTank);
    engine.gateway(0);
    engine.read(level(0, 2));
    engine.gateway(5 * s, { connected: false, heardAt: 5 * s });
    expect(engine.tick(60 * m)).toEqual([]);
    for (let now = 61 * m; now < 71 * m; now += 10 * s) {
      engine.gateway(now);
      expect(engine.tick(now)).toEqual([]);
    }
    engine.gateway(71 * m);
    expect(engine.tick(71 * m)).toEqual([`raise sensor-silent ${71 * m}`]);
  });

  it("is not called silent while a backlog is outstanding", () => {
    const engine = new Engine(onTank);
    engine.gateway(0);
    engine.read(level(0, 2));
    for (let now = 0; now <= 20 * m; now += 10 * s) engine.gateway(now, { backlog: 50_000 });
    expect(engine.tick(20 * m)).toEqual([]);
    engine.read(level(15 * m, 2), 20 * m);
    engine.gateway(20 * m + 1, { backlog: 0 });
    expect(engine.tick(20 * m + 1)).toEqual([]);
    for (let now = 20 * m; now <= 25 * m; now += 10 * s) engine.gateway(now, { backlog: 0 });
    expect(engine.tick(25 * m)).toEqual([`raise sensor-silent ${25 * m}`]);
  });

  it("is not called silent when nothing more is heard of its gateway either", () => {
    const engine = new Engine(onTank);
    for (let now = 0; now <= 5 * m; now += 10 * s) engine.gateway(now);
    engine.read(level(0, 2));
    // still connected, as far as anyone can tell
    engine.gateway(20 * m, { heardAt: 5 * m });
    expect(engine.tick(20 * m)).toEqual([]);
  });

  it("may be silent from the beginning, once its gateway is there", () => {
    const engine = new Engine(onTank);
    engine.take({ type: "resume", now: start });
    expect(engine.tick(30 * m)).toEqual([]);
    for (let now = 30 * m; now <= 40 * m; now += 10 * s) engine.gateway(now);
    expect(engine.tick(40 * m)).toEqual([`raise sensor-silent ${40 * m}`]);
  });

  it("is not kept awake by its last will", () => {
    const engine = new Engine(onTank);
    for (let now = 0; now <= 10 * m; now += 10 * s) engine.gateway(now);
    engine.read(level(0, 2));
    engine.read(reading(9 * m, { device: "tank", kind: "state", channel: null, value: 0 }));
    expect(engine.tick(10 * m)).toEqual([`raise sensor-silent ${10 * m}`]);
  });
});

describe("a silent gateway", () => {
  it("raises, and clears when it is heard", () => {
    const engine = new Engine(rules.gatewaySilent);
    engine.take({ type: "resume", now: start });
    engine.gateway(0);
    expect(engine.tick(2 * m - 1)).toEqual([]);
    expect(engine.tick(2 * m)).toEqual([`raise gateway-silent ${2 * m}`]);
    expect(engine.effects[0]).toMatchObject({ gateway: "gw", device: null });
    expect(engine.tick(3 * m)).toEqual([]);
    engine.gateway(4 * m);
    expect(engine.tick(4 * m + 1)).toEqual([`clear gateway-silent ${4 * m}`]);
  });

  it("is not blamed for the time in which nobody listened", () => {
    const engine = new Engine(rules.gatewaySilent);
    engine.take({ type: "resume", now: start });
    engine.gateway(0);
    engine.restart();
    engine.take({ type: "resume", now: start + 60 * m });
    expect(engine.tick(61 * m)).toEqual([]);
    expect(engine.tick(62 * m)).toEqual([`raise gateway-silent ${62 * m}`]);
  });
});

describe("rules that the configuration no longer has", () => {
  it("go, and what they had raised clears", () => {
    const engine = new Engine(rules.fire, rules.tankLow, rules.gatewaySilent);
    engine.take({ type: "resume", now: start });
    engine.read([contact(0, true), level(0, 1)]);
    engine.tick(2 * m);
    const { changes, effects } = prune(new RuleBook([siteWith([rules.tankLow])]), engine.states, start + 3 * m);
    expect(effects.map(told)).toEqual([`clear fire ${3 * m}`, `clear gateway-silent ${3 * m}`]);
    engine.states.apply(changes);
    expect([...engine.states.entries()].map(([key]) => key).sort()).toEqual([
      "device/court/panel",
      "device/court/tank",
      "series/court/tank-low/tank/level/-",
      "watch",
    ]);
  });
});
