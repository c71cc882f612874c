import { join } from "node:path";
import { readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { describe, expect, test } from "vitest";
import { validate } from "../validate.ts";
import { fleetSite } from "./fleet.ts";
import type { Measurement } from "./moment.ts";
import { Play, type Happening } from "./play.ts";
import { onset_ms, scenarios, type ScenarioName } from "./scenario.ts";

const site = readConfig(join(import.meta.dirname, "site.test.yaml"), siteSchema);
const fleet = fleetSite(100, "demo");
const minute_ms = 60_000;
const names = Object.keys(scenarios) as ScenarioName[];

function play(name: ScenarioName, on = fleet, seed = 1): Play {
  return new Play({ site: on, scenario: scenarios[name], began_ms: 9 * 3_600_000, seed, step_ms: 500 });
}

function measured(happenings: readonly Happening[]): Measurement[] {
  return happenings.flatMap((happening) => (happening.type === "measured" ? [happening.measurement] : []));
}

function byDevice(measurements: readonly Measurement[], kind: string): Map<string, Measurement[]> {
  return Map.groupBy(
    measurements.filter((one) => one.kind === kind),
    ({ device }) => device,
  );
}

describe("a run", () => {
  test.each(names)(
    "of %s is the same for the same seed, however time is handed out, and another for another",
    (name) => {
      const whole = play(name).advance(3 * minute_ms);
      const inPieces = play(name);
      const pieces: Happening[] = [];
      for (let at = 0; at < 3 * minute_ms; at += 1_234)
        pieces.push(...inPieces.advance(Math.min(1_234, 3 * minute_ms - at)));
      expect(pieces).toEqual(whole);
      expect(play(name, fleet, 2).advance(3 * minute_ms)).not.toEqual(whole);
    },
  );

  test.each(names)("of %s goes well until its onset", (name) => {
    const early = ["taps", "reboot"].includes(name) ? 0 : onset_ms;
    expect(play(name).advance(early)).toEqual(play("calm").advance(early));
  });

  test.each(names.filter((name) => name !== "clock-lost"))("of %s says nothing that breaks the contract", (name) => {
    const all = measured(play(name).advance(5 * minute_ms));
    expect(all.length).toBeGreaterThan(1_000);
    expect(all.filter(({ kind, fields }) => validate[kind](fields) === undefined)).toEqual([]);
  });

  test.each(names.filter((name) => name !== "calm"))("of %s on a small site differs from a calm one", (name) => {
    expect(play(name, site).advance(10 * minute_ms)).not.toEqual(play("calm", site).advance(10 * minute_ms));
  });
});

describe("what goes wrong", () => {
  test("a leak lowers a quarter of the tanks by 1.2 m an hour, and no pump starts", () => {
    const levels = byDevice(measured(play("leak").advance(60 * minute_ms)), "level");
    const calm = byDevice(measured(play("calm").advance(60 * minute_ms)), "level");
    const last = (of: typeof levels, device: string): number => Number(of.get(device)?.at(-1)?.fields["metres"]);
    const lost = [...levels.keys()].map((device) => last(calm, device) - last(levels, device));
    expect(lost.length).toBe(40);
    expect(lost.filter((metres) => metres > 1.1 && metres < 1.3).length).toBe(10);
    expect(lost.filter((metres) => metres === 0).length).toBe(30);
  });

  test("without their flame half of the boilers cool down below what they ever had", () => {
    const supply = (name: ScenarioName): number[] =>
      [...byDevice(measured(play(name).advance(60 * minute_ms)), "temperature").values()].map((all) =>
        Math.min(
          ...all.filter(({ fields }) => fields["channel"] === "supply").map(({ fields }) => Number(fields["celsius"])),
        ),
      );
    expect(supply("calm").every((celsius) => celsius > 60)).toBe(true);
    expect(supply("flame-out").filter((celsius) => celsius < 30).length).toBe(10);
  });

  test("contacts chatter, but never the one for fire", () => {
    const contacts = measured(play("chatter").advance(2 * minute_ms)).filter(({ kind }) => kind === "contact");
    const closed = (channel: string): number =>
      contacts.filter(({ fields }) => fields["channel"] === channel && fields["closed"] === true).length;
    expect(closed("fault")).toBeGreaterThan(300);
    expect(closed("fire")).toBe(0);
  });

  test("a lost clock says 1970, which the contract refuses, or 2000, which it can't know to be wrong", () => {
    const timed = measured(play("clock-lost").advance(2 * minute_ms)).filter(
      ({ fields }) => fields["at"] !== undefined,
    );
    const refused = timed.filter(({ kind, fields }) => validate[kind](fields) === undefined);
    expect(refused.length).toBeGreaterThan(20);
    expect(timed.length - refused.length).toBeGreaterThan(20);
    expect(timed.every(({ fields }) => new Date(Number(fields["at"])).getUTCFullYear() <= 2000)).toBe(true);
    expect(new Set(timed.map(({ device }) => device)).size).toBeLessThanOrEqual(34);
  });

  test("a flood is 25 messages in each step of each of some devices", () => {
    const extra = play("flood").advance(onset_ms + 10_000).length - play("calm").advance(onset_ms + 10_000).length;
    expect(extra).toBe(10 * 10 * 50);
  });

  test("a silent sensor says nothing any more", () => {
    const run = play("silent-sensor");
    run.advance(onset_ms);
    const speaking = new Set(measured(run.advance(2 * minute_ms)).map(({ device }) => device));
    expect(speaking.size).toBe(80);
  });

  test("devices reboot again and again", () => {
    const reboots = play("reboot")
      .advance(10 * minute_ms)
      .flatMap((happening) => (happening.type === "rebooted" ? [happening.device] : []));
    expect(new Set(reboots).size).toBe(20);
    expect(reboots.length).toBeGreaterThan(20 * 6);
  });

  test("cards come to every reader, some of them unknown", () => {
    const taps = measured(play("taps").advance(10 * minute_ms)).filter(({ kind }) => kind === "tap");
    const cards = new Set(fleet.people.map(({ card }) => card));
    const unknown = taps.filter(({ fields }) => !cards.has(String(fields["card"])));
    expect(new Set(taps.map(({ device }) => device)).size).toBe(20);
    expect(taps.length).toBeGreaterThan(20 * 30);
    expect(unknown.length).toBeGreaterThan(taps.length / 20);
    expect(unknown.length).toBeLessThan(taps.length / 5);
  });
});
