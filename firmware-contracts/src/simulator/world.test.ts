import { join } from "node:path";
import { readConfig } from "@gengfu/shared/config/reader";
import { deviceKinds } from "@gengfu/shared/model/reading";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { describe, expect, test } from "vitest";
import { validate } from "../validate.ts";
import { boilerBounds } from "./boiler.ts";
import type { Measurement } from "./moment.ts";
import { createWorld, pressEveryPanel, step } from "./world.ts";

const site = readConfig(join(import.meta.dirname, "site.test.yaml"), siteSchema);
const hour_ms = 3_600_000;
const midnight = (seed = 1) => createWorld(site, 0, seed);

/** Two days from midnight on, as everything below sees them. */
const days = step(midnight(), 48 * hour_ms);

function valuesOf(measurements: readonly Measurement[], device: string, field: string, channel?: string): number[] {
  return measurements
    .filter((one) => one.device === device && one.fields["channel"] === channel)
    .flatMap(({ fields }) => (typeof fields[field] === "number" ? [fields[field]] : []));
}

function rises(values: readonly number[]): number {
  return values.filter((value, index) => index > 0 && value > (values[index - 1] ?? value) + 0.001).length;
}

describe("the world", () => {
  test("says nothing that breaks the contract, and every kind", () => {
    for (const { kind, fields } of days.measurements) expect(validate[kind](fields)).toBeDefined();
    expect(new Set(days.measurements.map(({ kind }) => kind))).toEqual(new Set(deviceKinds));
  });

  test("is the same for the same seed, and another for another", () => {
    const hour = (seed: number): Measurement[] => step(midnight(seed), hour_ms).measurements;
    expect(hour(7)).toEqual(hour(7));
    expect(hour(7)).not.toEqual(hour(8));
  });

  test("is a value: a step leaves it as it was", () => {
    const world = step(midnight(), 10_000).world;
    const before = structuredClone(world);
    step(world, hour_ms);
    expect(world).toEqual(before);
  });

  test("has a status of each device every minute", () => {
    const statuses = step(midnight(), 10 * 60_000).measurements.filter(({ kind }) => kind === "status");
    for (const { id } of site.devices) {
      const uptimes = valuesOf(statuses, id, "uptime_seconds");
      expect(uptimes).toEqual([1, ...Array.from({ length: 10 }, (_, minute) => (minute + 1) * 60)]);
    }
  });
});

describe("tanks", () => {
  test("the domestic one falls by day and is refilled, between empty and full", () => {
    const levels = valuesOf(days.measurements, "tank-domestic", "metres");
    expect(levels.length).toBe(48 * 360 + 1);
    expect(Math.min(...levels)).toBeGreaterThan(1.1);
    expect(Math.min(...levels)).toBeLessThan(1.25);
    expect(Math.max(...levels)).toBeGreaterThan(2.7);
    expect(Math.max(...levels)).toBeLessThan(3);
    const night = levels.slice(0, 5 * 360);
    const morning = levels.slice(6 * 360, 8 * 360);
    const fall = (part: readonly number[]): number => (part[0] ?? 0) - (part.at(-1) ?? 0);
    expect(fall(morning)).toBeGreaterThan(3 * fall(night));
    const refills = levels.filter((metres, index) => metres >= 2.5 && (levels[index - 1] ?? 3) < 2.5);
    expect(refills.length).toBeGreaterThanOrEqual(3);
  });

  test("the fire tank stays almost full, at the height that the site says", () => {
    const levels = valuesOf(days.measurements, "tank-fire", "metres");
    expect(Math.min(...levels)).toBeGreaterThan(1.8);
    expect(Math.max(...levels)).toBeLessThan(2);
    expect(rises(levels)).toBeGreaterThan(0);
  });

  test("an empty tank stays at nothing, a full one at its height", () => {
    const world = midnight();
    const filled = (metres: number) => ({ ...world, tanks: world.tanks.map((tank) => ({ ...tank, metres })) });
    for (const start of [0, 3]) {
      const { world: next, measurements } = step(filled(start), 1_000);
      const [, domestic] = next.tanks;
      const levels = valuesOf(measurements, "tank-domestic", "metres");
      for (const metres of [...levels, domestic?.metres ?? Number.NaN]) {
        expect(metres).toBeGreaterThanOrEqual(0);
        expect(metres).toBeLessThanOrEqual(3.01);
      }
    }
  });
});

test("the boiler cycles between its two temperatures, the return follows, the pressure with both", () => {
  const supply = valuesOf(days.measurements, "boiler-1", "celsius", "supply");
  const back = valuesOf(days.measurements, "boiler-1", "celsius", "return");
  const pressure = valuesOf(days.measurements, "boiler-1", "kilopascals");
  const { low_celsius, high_celsius } = boilerBounds;
  expect(Math.min(...supply)).toBeGreaterThanOrEqual(low_celsius - 0.3);
  expect(Math.max(...supply)).toBeLessThanOrEqual(high_celsius + 0.3);
  const peaks = supply.filter(
    (celsius, index) => celsius >= high_celsius - 0.5 && (supply[index - 1] ?? 0) < high_celsius - 0.5,
  );
  const troughs = supply.filter(
    (celsius, index) => celsius <= low_celsius + 0.5 && (supply[index - 1] ?? 99) > low_celsius + 0.5,
  );
  expect(peaks.length).toBeGreaterThan(40);
  expect(troughs.length).toBeGreaterThan(40);
  expect(back.every((celsius, index) => celsius < (supply[index] ?? 0))).toBe(true);
  expect(Math.min(...pressure)).toBeGreaterThan(150);
  expect(Math.max(...pressure)).toBeLessThan(200);
});

test("the gate counts about a hundred people a day, and says so every minute", () => {
  const totals = valuesOf(days.measurements, "gate", "total");
  expect(totals.every((total, index) => index === 0 || total >= (totals[index - 1] ?? 0))).toBe(true);
  expect(totals.at(-1)).toBeGreaterThan(150);
  expect(totals.at(-1)).toBeLessThan(260);
  expect(totals.length).toBeGreaterThanOrEqual(48 * 60);
});

describe("guards", () => {
  const taps = (dt_ms: number, steps: number): { at_ms: number; device: string; card: unknown }[] => {
    let world = midnight();
    const found: { at_ms: number; device: string; card: unknown }[] = [];
    for (let index = 0; index < steps; index++) {
      const next = step(world, dt_ms);
      world = next.world;
      for (const { kind, device, fields } of next.measurements) {
        if (kind === "tap") found.push({ at_ms: world.elapsed_ms, device, card: fields["card"] });
      }
    }
    return found;
  };

  test("walk in turn, each round from reader to reader in the order of the route", () => {
    const hour = taps(1_000, 3_600);
    expect(hour.length).toBe(15 * 3);
    for (let round = 0; round < 15; round++) {
      const stops = hour.slice(round * 3, round * 3 + 3);
      expect(stops.map(({ device }) => device)).toEqual(["reader-lobby", "reader-roof", "reader-yard"]);
      const card = round % 2 === 0 ? "04A1B2C3D4E580" : "04A1B2C3D4E581";
      expect(stops.map((stop) => stop.card)).toEqual([card, card, card]);
    }
  });

  test("tap for the first time within ten seconds", () => {
    expect(taps(250, 40).map(({ device }) => device)).toEqual(["reader-lobby"]);
  });

  test("tap neither twice nor never, however time is cut", () => {
    const fine = taps(250, 4 * 600).map(({ device, card }) => ({ device, card }));
    const coarse = taps(100_000, 6).map(({ device, card }) => ({ device, card }));
    expect(fine.length).toBe(9);
    expect(coarse).toEqual(fine);
  });
});

describe("the fire panel", () => {
  const contacts = (measurements: readonly Measurement[]): string[] =>
    measurements
      .filter(({ kind }) => kind === "contact")
      .map(({ fields }) => `${String(fields["channel"])} ${fields["closed"] === true ? "closed" : "open"}`);
  const allOpen = ["fire open", "fault open", "mains open"];

  test("reports every contact at start and every four minutes", () => {
    const first = step(midnight(), 1_000);
    expect(contacts(first.measurements)).toEqual(allOpen);
    expect(contacts(step(first.world, 238_000).measurements)).toEqual([]);
    expect(contacts(step(first.world, 239_000).measurements)).toEqual(allOpen);
  });

  test("a contact that is pressed closes at once, opens when its time is over, and is repeated meanwhile", () => {
    const started = step(midnight(), 1_000).world;
    const pressed = pressEveryPanel(started, "fire", 20_000);
    expect(contacts(step(pressed, 250).measurements)).toEqual(["fire closed"]);
    expect(contacts(step(pressed, 19_000).measurements)).toEqual(["fire closed"]);
    expect(contacts(step(pressed, 21_000).measurements)).toEqual(["fire closed", "fire open"]);
    const late = pressEveryPanel(step(started, 230_000).world, "fire", 20_000);
    const heartbeat = ["fire closed", "fault open", "mains open"];
    expect(contacts(step(late, 30_000).measurements)).toEqual(["fire closed", ...heartbeat, "fire open"]);
  });
});
