import { describe, expect, it } from "vitest";
import type { Api } from "../api/endpoints.ts";
import { aReading, aSite, anAlert, aGateway, aRound } from "./fixtures.ts";
import {
  type Essentials,
  fetchEssentials,
  fetchHistories,
  type History,
  lastChange,
  withHistory,
  worldOf,
} from "./load.ts";
import { bounds, emptyWorld, trend } from "./world.ts";

const unused = (): never => {
  throw new Error("not of this test");
};
const api: Api = {
  session: unused,
  signIn: unused,
  signOut: unused,
  site: async () => aSite,
  devices: async () => [],
  gateways: async () => [aGateway()],
  openAlerts: async () => [],
  alertsSince: async () => [],
  readings: async () => [],
  series: async () => [],
  rounds: async () => [],
  quarantine: async () => [],
  unclaimed: async () => [],
  notifications: unused,
  acknowledge: unused,
  close: unused,
};
const never = new AbortController().signal;
/** 01:30 on 21 November in Shanghai, 20 November in UTC. */
const now = Date.UTC(2026, 10, 20, 17, 30);
const midnight = Date.UTC(2026, 10, 20, 16);

const essentials: Essentials = {
  site: aSite,
  devices: [
    {
      id: "fire-panel",
      lastSeenAt: 5,
      state: "online",
      last: [aReading({ device: "fire-panel", kind: "contact", channel: "fire", at: 5, value: 1 })],
    },
  ],
  gateways: [aGateway()],
  alerts: [anAlert()],
  rounds: [],
  taps: [],
  quarantine: [],
  unclaimed: [],
};

describe("fetching what the page needs", () => {
  it("asks for the site's day, and for the rounds of last night that reach into it", async () => {
    const dates: string[] = [];
    const since: number[] = [];
    const overnight = aRound({ id: "overnight", window: { from: midnight - 3_600_000, to: midnight + 3_600_000 } });
    const yesterday = aRound({ id: "yesterday", window: { from: midnight - 7_200_000, to: midnight } });
    const found = await fetchEssentials(
      {
        ...api,
        rounds: async (date) => {
          dates.push(date);
          return date === "2026-11-20" ? [overnight, yesterday] : [aRound({ id: "today" })];
        },
        alertsSince: async (from) => {
          since.push(from);
          return [];
        },
      },
      now,
      never,
    );
    expect(dates.sort()).toEqual(["2026-11-20", "2026-11-21"]);
    expect(since).toEqual([midnight]);
    expect(found.rounds.map(({ id }) => id)).toEqual(["overnight", "today"]);
  });

  it("makes a world of it", () => {
    const world = worldOf(essentials, emptyWorld);
    expect(world.latest.get("fire-panel/contact/fire")?.value).toBe(1);
    expect(world.contacts.get("fire-panel/contact/fire")).toEqual({ closed: true, since: 5, certain: false });
    expect(world.devices.get("fire-panel")).toEqual({ id: "fire-panel", lastSeenAt: 5, state: "online" });
    expect(world.alerts.has("a1")).toBe(true);
  });

  it("keeps after a gap what the histories had told, and drops alerts that are no more", () => {
    const before = {
      ...worldOf(essentials, emptyWorld),
      trends: new Map([["s", [{ at: 1, min: 1, mean: 1, max: 1, count: 1 }]]]),
      contacts: new Map([["fire-panel/contact/fire", { closed: true, since: 1, certain: true }]]),
      alerts: new Map([["gone", anAlert({ id: "gone" })]]),
    };
    const world = worldOf(essentials, before);
    expect(world.trends).toBe(before.trends);
    expect(world.contacts.get("fire-panel/contact/fire")).toEqual({ closed: true, since: 1, certain: true });
    expect([...world.alerts.keys()]).toEqual(["a1"]);
  });

  it("fetches the histories four at a time at most", async () => {
    let running = 0;
    let most = 0;
    const slow = async (): Promise<never[]> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return [];
    };
    const site = {
      ...aSite,
      devices: Array.from({ length: 20 }, (_, index) => ({ ...(aSite.devices[1] ?? unused()), id: `tank-${index}` })),
    };
    const delivered: History[] = [];
    await fetchHistories({ ...api, series: slow, readings: slow }, site, now, never, (history) =>
      delivered.push(history),
    );
    expect(delivered).toHaveLength(20);
    expect(most).toBe(4);
  });
});

describe("histories", () => {
  it("tell since when a contact is as it is", () => {
    const readings = [30, 20, 10].map((at) => aReading({ at, value: at > 10 ? 1 : 0 }));
    expect(lastChange(readings)).toEqual({ closed: true, since: 20, certain: true });
    expect(lastChange(readings.slice(0, 2))).toEqual({ closed: true, since: 20, certain: false });
    expect(lastChange([])).toBeNull();
  });

  it("don't overrule a change that the live stream showed meanwhile", () => {
    const series = "fire-panel/contact/fire";
    const history: History = { kind: "contact", series, readings: [aReading({ at: 1, value: 0 })] };
    const turned = { ...emptyWorld, contacts: new Map([[series, { closed: true, since: 9, certain: true }]]) };
    expect(withHistory(turned, history)).toBe(turned);
    expect(withHistory(emptyWorld, history).contacts.get(series)).toEqual({ closed: false, since: 1, certain: false });
  });

  it("keep of a trend what is newer than they are", () => {
    const point = (bucket: number) => ({ at: bucket * trend.every_ms, min: 1, mean: 1, max: 1, count: 1 });
    const known = { ...emptyWorld, trends: new Map([["s", [point(1), point(5), point(6)]]]) };
    const points = Array.from({ length: 400 }, (_, index) => point(index - 395));
    const merged = withHistory(known, { kind: "trend", series: "s", points }).trends.get("s") ?? [];
    expect(merged.slice(-3)).toEqual([point(4), point(5), point(6)]);
    expect(merged).toHaveLength(bounds.trend_points);
  });

  it("count a gate's day and what came since they were asked for", () => {
    const points = [
      { at: 900, min: 40, mean: 45, max: 50, count: 9 },
      { at: 1_000, min: 51, mean: 53, max: 55, count: 9 },
    ];
    const history: History = { kind: "counter", device: "gate", points, dayStart: 1_000, to: 1_200 };
    const known = (at: number, total: number) => ({
      ...emptyWorld,
      counters: new Map([["gate", { today: 0, total, at }]]),
    });
    expect(withHistory(emptyWorld, history).counters.get("gate")?.today).toBe(5);
    expect(withHistory(known(1_250, 58), history).counters.get("gate")?.today).toBe(8);
    // older than the buckets: they hold it
    expect(withHistory(known(1_100, 53), history).counters.get("gate")?.today).toBe(5);
  });
});
