import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  alertOf,
  deviceOf,
  gatewayOf,
  liveEventOf,
  notificationOf,
  quarantinedOf,
  readingOf,
  roundOf,
  sessionOf,
  unclaimedOf,
} from "./shapes.ts";
import { siteOf } from "./site-shape.ts";

describe("the API's records", () => {
  it("give a reading its detail, flat as it comes", () => {
    const tap = readingOf({
      gateway: "g",
      epoch: 1,
      seq: 4,
      device: "reader",
      kind: "tap",
      channel: null,
      at: 9,
      receivedAt: 10,
      clock: "synchronised",
      value: null,
      card: "04A1",
      guard: "zhang",
      guard_name: "张伟",
      checkpoint: "lobby",
    });
    expect(tap?.detail).toEqual({ card: "04A1", guard: "zhang", guard_name: "张伟", checkpoint: "lobby" });
  });

  it("read a missing channel the same from every store", () => {
    const reading = { device: "d", kind: "level", at: 1 };
    for (const channel of [null, undefined, "-", ""]) expect(readingOf({ ...reading, channel })?.channel).toBeNull();
  });

  it("find a device's newest readings under their keys", () => {
    const device = deviceOf({
      id: "boiler-1",
      lastSeenAt: 9,
      state: "online",
      last: { "temperature/supply": { at: 8, value: 72 }, pressure: { at: 9, value: 180 }, odd: 7 },
    });
    expect(device?.last.map(({ device: of, kind, channel, value }) => [of, kind, channel, value])).toEqual([
      ["boiler-1", "temperature", "supply", 72],
      ["boiler-1", "pressure", null, 180],
    ]);
  });

  it("take an alert of unknown severity for the worst", () => {
    expect(alertOf({ id: "a", state: "firing", raisedAt: 1, severity: "dreadful" })?.severity).toBe("critical");
  });

  it("leave out of a list what can't be used, and keep the rest", () => {
    const site = siteOf({
      id: "court",
      name: "Court",
      timeZone: "Mars/Olympus",
      devices: [{ id: "a", measures: [{ kind: "level" }, { kind: "mood" }, null] }, { name: "no id" }, 7],
      rules: [
        { id: "r", when: { type: "above", kind: "level", limit: 3, after: 5 } },
        { id: "s", when: { type: "hunch" } },
      ],
    });
    expect(site?.devices.map(({ id, measures }) => [id, measures.length])).toEqual([["a", 1]]);
    expect(site?.rules.map(({ id }) => id)).toEqual(["r"]);
    expect(site?.name).toEqual({ zh: "Court", en: "Court" });
    expect(site?.timeZone).toBe("Asia/Shanghai");
  });

  it("name the reasons of a round in both languages", () => {
    const round = roundOf({
      id: "r",
      state: "missed",
      window: { from: 1, to: 2 },
      reasons: [{ code: "x", text: { zh: "甲", en: "a" } }, "plain"],
    });
    expect(round?.reasons).toEqual([
      { zh: "甲", en: "a" },
      { zh: "plain", en: "plain" },
    ]);
  });

  it("never throw, whatever comes", () => {
    const decoders = [
      alertOf,
      deviceOf,
      gatewayOf,
      notificationOf,
      quarantinedOf,
      readingOf,
      roundOf,
      sessionOf,
      siteOf,
      unclaimedOf,
    ];
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("reading", "alert", "round", "gateway", "?"), (value, name) => {
        for (const decode of decoders) decode(value);
        liveEventOf(name, value);
      }),
    );
  });
});
