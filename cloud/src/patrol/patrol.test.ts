import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryStore, now, testGateway, testReading, testSite } from "../api/fixture.ts";
import type { GatewayView } from "../gateways/registry.ts";
import { siteFacts } from "../site-facts.ts";
import { Patrol } from "./patrol.ts";
import type { Round } from "./verdict.ts";

/** The round of the site opens at 06:00 and closes at 07:00, when it is 08:00 now. */
const inWindow = now - 90 * 60_000;
const monday = Temporal.PlainDate.from("2026-01-05");
const tapAt = (at: number, more: object = {}) =>
  testReading("tap", "reader", at, { detail: { card: "04A1B2C3" }, ...more });

let clock: ManualClock;
let store: MemoryStore;
let gateway: GatewayView;
let patrol: Patrol;
beforeEach(() => {
  clock = new ManualClock(now);
  store = new MemoryStore();
  gateway = testGateway;
  patrol = new Patrol({
    sites: [testSite],
    facts: siteFacts(testSite),
    store,
    gateways: { get: () => gateway },
    clock,
    logger: silentLogger,
  });
});

describe("when asked", () => {
  test("today is meant without a date, and only the days on which rounds are walked have any", async () => {
    expect((await patrol.rounds()).map(({ date }) => date)).toEqual(["2026-01-05"]);
    expect(await patrol.rounds(Temporal.PlainDate.from("2026-01-06"))).toEqual([]);
    expect(await patrol.rounds(monday, "elsewhere")).toEqual([]);
  });

  test.each([
    ["complete", {}, [tapAt(inWindow)], { state: "complete", provisional: false }],
    ["missed", {}, [], { state: "missed", provisional: false }],
    [
      "missed for now, since the gateway was not heard afterwards",
      { lastSeenAt: inWindow },
      [],
      { state: "missed", provisional: true },
    ],
    [
      "missed for now, since events wait",
      { queued: { events: 2, samples: 0 } },
      [],
      { state: "missed", provisional: true },
    ],
    [
      "missed for now, since readings lack",
      { missingBecause: [{ from: 4, to: 5, reason: "in transit or lost" }] },
      [],
      { state: "missed", provisional: true },
    ],
    [
      "missed, though samples were dropped",
      { missingBecause: [{ from: 4, to: 5, reason: "full" }] },
      [],
      { state: "missed", provisional: false },
    ],
    [
      "missed for now, since the clock was unsure",
      {},
      [tapAt(now - 60_000, { clock: "unsynchronised" })],
      { state: "missed", provisional: true },
    ],
    [
      "missed, since the card is no one's",
      {},
      [testReading("tap", "reader", inWindow, { detail: { card: "00000000" } })],
      { state: "missed" },
    ],
    ["missed, since the tap was elsewhere", {}, [tapAt(inWindow, { device: "tank" })], { state: "missed" }],
    [
      "missed, since the tap is of another site's gateway",
      {},
      [tapAt(inWindow, { gateway: "other" })],
      { state: "missed" },
    ],
  ])("a round is %s", async (_, more, taps, expected) => {
    gateway = { ...testGateway, ...more };
    store.rows.push(...taps);
    expect(await patrol.rounds(monday)).toEqual([expect.objectContaining(expected)]);
  });
});

describe("a tap that shows another year, since its gateway's clock does", () => {
  const stray = tapAt(Date.UTC(2000, 0, 1), { clock: "unsynchronised" });

  test.each([
    ["may belong to a round before it came", 0, true],
    ["to none that began after that", -3 * 3_600_000, false],
    ["to none so long ago that it can't have waited", 8 * 86_400_000, false],
  ])("%s", async (_, after, provisional) => {
    store.rows.push(stray);
    store.storedAt = now + after;
    clock.advance(9 * 86_400_000);
    expect(await patrol.rounds(monday)).toEqual([expect.objectContaining({ state: "missed", provisional })]);
  });

  test("counts where it belongs once its time is put right", async () => {
    store.rows.push({ ...stray, at: inWindow, clock: "corrected" });
    expect(await patrol.rounds(monday)).toEqual([expect.objectContaining({ state: "complete", provisional: false })]);
  });
});

describe("while it runs", () => {
  let stop: AbortController;
  let running: Promise<void>;
  let told: Round[];
  beforeEach(() => {
    stop = new AbortController();
    told = [];
    patrol.onChange((round) => told.push(round));
    running = patrol.run(stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await running;
  });

  /** Moves time on until a condition holds; what runs between is awaited. */
  async function until(condition: () => boolean): Promise<void> {
    await vi.waitFor(
      () => {
        clock.advance(250);
        expect(condition()).toBe(true);
      },
      { interval: 1 },
    );
  }

  test("each change of a round is told once", async () => {
    await until(() => told.length === 1);
    expect(told[0]).toMatchObject({ state: "missed" });
    store.rows.push(tapAt(inWindow));
    patrol.stored([tapAt(inWindow)]);
    await until(() => told.length === 2);
    expect(told[1]).toMatchObject({ state: "complete" });
    const asked = vi.spyOn(store, "readings");
    patrol.stored([tapAt(inWindow)]);
    await until(() => asked.mock.calls.length >= 3);
    expect(told).toHaveLength(2);
  });

  test("a verdict becomes final when the gateway has told all", async () => {
    gateway = { ...testGateway, queued: { events: 1, samples: 0 } };
    patrol.gatewayChanged();
    await until(() => told.at(-1)?.provisional === true);
    gateway = testGateway;
    patrol.gatewayChanged();
    await until(() => told.at(-1)?.provisional === false);
  });

  test("a tap of an older day that comes late revises that day", async () => {
    const week = 7 * 86_400_000;
    store.rows.push(tapAt(inWindow - week));
    patrol.stored([tapAt(inWindow - week)]);
    await until(() => told.some(({ date, state }) => date === "2025-12-29" && state === "complete"));
  });

  test("a tap after midnight revises the round that began the day before", async () => {
    stop.abort();
    await running;
    const night = { days: ["mon" as const], start: "23:00", end: "01:00" };
    const site = { ...testSite, routes: testSite.routes.map((route) => ({ ...route, rounds: [night] })) };
    const tap = tapAt(Date.UTC(2025, 11, 29, 16, 30)); // 00:30 on Tuesday in China
    store.rows.push(tap);
    stop = new AbortController();
    patrol = new Patrol({
      sites: [site],
      facts: siteFacts(site),
      store,
      gateways: { get: () => gateway },
      clock,
      logger: silentLogger,
    });
    patrol.onChange((round) => told.push(round));
    running = patrol.run(stop.signal);
    patrol.stored([tap]);
    await until(() => told.some(({ date, state }) => date === "2025-12-29" && state === "complete"));
  });

  test("a store that fails for a while is asked again", async () => {
    await until(() => told.length === 1);
    store.failure = new Error("down");
    store.rows.push(tapAt(inWindow));
    patrol.stored([tapAt(inWindow)]);
    clock.advance(1_000);
    store.failure = undefined;
    await until(() => told.at(-1)?.state === "complete");
  });
});
