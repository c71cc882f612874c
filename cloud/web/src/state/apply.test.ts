import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LiveEvent, Reading } from "../api/types.ts";
import { applyEvents } from "./apply.ts";
import { aGateway, anAlert, aReading, aRound } from "./fixtures.ts";
import { bounds, emptyWorld, type World } from "./world.ts";

const reading = (over: Partial<Reading>): LiveEvent => ({ type: "reading", reading: aReading(over) });
const level = "tank-fire/level/-";
const fire = "fire-panel/contact/fire";
const contact = (over: Partial<Reading>): LiveEvent =>
  reading({ device: "fire-panel", kind: "contact", channel: "fire", ...over });

describe("taking in the live stream", () => {
  it("keeps the newest reading of a series, whatever comes after it", () => {
    const world = applyEvents(emptyWorld, [reading({ at: 2_000, value: 2 }), reading({ at: 1_000, value: 1 })]);
    expect(world.latest.get(level)?.value).toBe(2);
  });

  it("goes by the gateway's count where its clock is years behind", () => {
    const clock = "unsynchronised";
    const world = applyEvents(emptyWorld, [
      reading({ at: 2_000_000, seq: 7, value: 1 }),
      reading({ at: 5, seq: 9, value: 3, clock }),
      reading({ at: 9, seq: 8, value: 2, clock }),
    ]);
    expect(world.latest.get(level)?.value).toBe(3);
    expect(applyEvents(world, [reading({ at: 2_000_100, seq: 10, value: 4 })]).latest.get(level)?.value).toBe(4);
  });

  it("fills what came late into the trend all the same", () => {
    const world = applyEvents(emptyWorld, [reading({ at: 600_000, value: 2 }), reading({ at: 0, value: 1 })]);
    expect(world.trends.get(level)?.map(({ at, mean }) => [at, mean])).toEqual([
      [0, 1],
      [600_000, 2],
    ]);
  });

  it("says since when a contact is as it is, and whether the change itself was seen", () => {
    const before = applyEvents(emptyWorld, [contact({ at: 1_000, value: 0 }), contact({ at: 2_000, value: 0 })]);
    expect(before.contacts.get(fire)).toEqual({ closed: false, since: 1_000, certain: false });
    const after = applyEvents(before, [contact({ at: 3_000, value: 1 }), contact({ at: 4_000, value: 1 })]);
    expect(after.contacts.get(fire)).toEqual({ closed: true, since: 3_000, certain: true });
  });

  it("leaves the slices that nothing changed the same objects", () => {
    const before = applyEvents(emptyWorld, [{ type: "alert", alert: anAlert() }, reading({})]);
    const after = applyEvents(before, [{ type: "gateway", gateway: aGateway() }]);
    for (const slice of ["latest", "contacts", "trends", "counters", "taps", "devices", "alerts", "rounds"] as const) {
      expect(after[slice], slice).toBe(before[slice]);
    }
    expect(after.gateways).not.toBe(before.gateways);
    expect(applyEvents(after, [])).toBe(after);
  });

  it("changes nothing in the world that it was given", () => {
    const before = applyEvents(emptyWorld, [reading({}), { type: "alert", alert: anAlert() }]);
    const copy = structuredClone(before);
    applyEvents(before, [reading({ at: 2_000_000, value: 9 }), { type: "alert", alert: anAlert({ state: "closed" }) }]);
    expect(before).toEqual(copy);
  });

  it("never turns an alert back", () => {
    const acknowledged = anAlert({ state: "acknowledged", acknowledgedAt: 5, acknowledgedBy: "张伟" });
    const world = applyEvents(emptyWorld, [
      { type: "alert", alert: acknowledged },
      { type: "alert", alert: anAlert({ state: "firing" }) },
    ]);
    expect(world.alerts.get("a1")).toBe(acknowledged);
  });

  it("replaces rounds, whose verdicts are revised", () => {
    const missed = aRound({ state: "missed", provisional: true });
    const complete = aRound({ state: "complete" });
    const world = applyEvents(emptyWorld, [
      { type: "round", round: missed },
      { type: "round", round: complete },
    ]);
    expect(world.rounds.get("r1")).toBe(complete);
  });

  it("takes a device that speaks for no longer silent, but leaves the doubt of a backlog to the service", () => {
    const seen = (state: string): World => ({
      ...emptyWorld,
      devices: new Map([["tank-fire", { id: "tank-fire", lastSeenAt: 1, state }]]),
    });
    const after = (world: World): string | undefined =>
      applyEvents(world, [reading({})]).devices.get("tank-fire")?.state;
    expect(after(seen("silent"))).toBe("online");
    expect(after(seen("unknown"))).toBe("unknown");
    expect(after(emptyWorld)).toBe("online");
    expect(after(seen("offline"))).toBe("offline");
  });

  it("follows a device's own word on whether it is online, the newest of them", () => {
    const state = (at: number, value: number): LiveEvent => reading({ kind: "state", at, value });
    const world = applyEvents(emptyWorld, [state(2_000, 0), state(1_000, 1)]);
    expect(world.devices.get("tank-fire")?.state).toBe("offline");
    expect(applyEvents(world, [state(3_000, 1)]).devices.get("tank-fire")?.state).toBe("online");
  });

  it("holds no more than its bounds", () => {
    const many = Array.from({ length: bounds.taps + 50 }, (_, index) =>
      reading({ kind: "tap", device: "reader", at: index, seq: index + 1 }),
    );
    const alerts = Array.from({ length: bounds.alerts + 20 }, (_, index): LiveEvent => ({
      type: "alert",
      alert: anAlert({ id: `a${index}` }),
    }));
    const series = Array.from({ length: bounds.series + 20 }, (_, index) => reading({ device: `d${index}` }));
    const world = applyEvents(emptyWorld, [...many, ...alerts, ...series]);
    expect(world.taps).toHaveLength(bounds.taps);
    expect(world.taps[0]?.at).toBe(bounds.taps + 49);
    expect(world.alerts.size).toBe(bounds.alerts);
    expect(world.latest.size).toBe(bounds.series);
    expect(world.devices.size).toBe(bounds.series);
  });

  it("comes to the same however readings are ordered, repeated and cut into batches", () => {
    const one = fc.record({
      kind: fc.constantFrom("level" as const, "contact" as const, "tap" as const, "count" as const),
      at: fc.integer({ min: 0, max: 5_000_000 }),
      value: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(one, { selector: ({ kind, at }) => `${kind}/${at}`, maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        (list, random) => {
          const draw = (below: number): number => (random.next().value ?? 0) % below;
          const readings = list.map((over, index) => reading({ ...over, seq: index + 1 }));
          const shuffled = [...readings, ...readings.filter(() => draw(3) === 0)]
            .map((event): [number, LiveEvent] => [draw(1_000), event])
            .sort(([a], [b]) => a - b)
            .map(([, event]) => event);
          let batched: World = emptyWorld;
          for (let start = 0; start < shuffled.length;) {
            const length = 1 + draw(5);
            batched = applyEvents(batched, shuffled.slice(start, start + length));
            start += length;
          }
          const straight = applyEvents(emptyWorld, readings);
          expect(batched.latest).toEqual(straight.latest);
          expect(batched.taps).toEqual(straight.taps);
          expect(batched.trends.get(level)?.map(({ at, min, max }) => [at, min, max])).toEqual(
            straight.trends.get(level)?.map(({ at, min, max }) => [at, min, max]),
          );
        },
      ),
    );
  });
});
