import { describe, expect, it } from "vitest";
import { contact, Engine, level, reading, rules, start, told } from "./fixture.ts";
import { RuleStates, type StateRecord } from "./states.ts";

const subject = { site: "court", gateway: "gw" };
const level0 = { ...subject, device: "tank", measure: "level", channel: null };

/** As an older version has left them in its file: what it raised must clear, and what was pending must be raised. */
const persisted: Record<string, unknown> = {
  watch: { type: "watch", watchedSince: start, listeningSince: start },
  "gateway/gw": { type: "gateway", heardAt: start, since: start, caughtUp: true },
  "device/court/tank": { type: "device", heardAt: start },
  "series/court/tank-low/tank/level/-": {
    type: "series",
    phase: "raised",
    at: start,
    epoch: 1,
    seq: 1,
    held: { ...level0, rule: "tank-low", alert: "3f1c", since: start, raisedAt: start, due: start, value: 1.2 },
    past: null,
  },
  "series/court/fault/panel/contact/fault": {
    type: "series",
    phase: "pending",
    at: start,
    epoch: 1,
    seq: 2,
    held: {
      ...subject,
      rule: "fault",
      device: "panel",
      measure: "contact",
      channel: "fault",
      alert: "77aa",
      since: start,
      raisedAt: start + 30_000,
      due: start + 30_000,
      value: 1,
    },
    past: { byTime: [{ from: start, until: start, active: true }], bySeq: [{ from: 2, until: 2, active: true }] },
  },
  "series/court/fire/panel/contact/fire": {
    type: "series",
    phase: "normal",
    at: start,
    epoch: 1,
    seq: 3,
    held: null,
    past: {
      byTime: [
        { from: start - 9_000, until: start - 9_000, active: true, told: start - 9_000 },
        { from: start - 8_000, until: start, active: false },
      ],
      bySeq: [{ from: 3, until: 3, active: false }],
    },
  },
  "silence/court/sensor-silent/boiler": {
    ...subject,
    type: "silence",
    rule: "sensor-silent",
    device: "boiler",
    measure: null,
    channel: null,
    alert: "b0b0",
    since: start - 60_000,
  },
};

function resumed(...configured: readonly object[]): Engine {
  const engine = new Engine(...configured);
  engine.states = new RuleStates(Object.entries(persisted) as [string, StateRecord][]);
  return engine;
}

describe("states that an older version has kept", () => {
  it("go on where they stood", () => {
    const engine = resumed(rules.fire, rules.fault, rules.tankLow, rules.sensorSilent);
    expect(engine.states.due).toBe(start + 30_000);
    engine.read(reading(1_000, { device: "boiler", kind: "temperature", channel: "supply", value: 20, seq: 10 }));
    expect(engine.tick(2_000)).toEqual(["clear sensor-silent 1000"]);
    expect(engine.read(level(3_000, 2, { seq: 11 }))).toEqual(["clear tank-low 3000"]);
    expect(engine.tick(30_000)).toEqual(["raise fault 30000"]);
    // known, since it was told
    expect(engine.read(contact(-9_000, true, { seq: 1 }), 31_000)).toEqual([]);
    expect(engine.read(contact(-4_000, true, { seq: 2 }), 31_000)).toEqual(["raise fire -4000", "clear fire 0"]);
    expect(engine.effects.map(({ alert }) => alert).slice(0, 3)).toEqual(["b0b0", "3f1c", "77aa"]);
  });

  it("clear by their own name when their rule gets a schedule, since it then is watched in another way", () => {
    const engine = resumed({ ...rules.tankLow, active: { months: [1] } });
    expect(engine.prune(60_000)).toEqual(["clear fault 60000", "clear sensor-silent 60000", "clear tank-low 60000"]);
    expect(engine.read(level(61_000, 1, { seq: 12 }))).toEqual(["raise tank-low 61000"]);
    expect(engine.effects.map(told)).toHaveLength(4);
  });
});
