import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "@gengfu/shared/time/clock";
import { now, testReading, testSite } from "../api/fixture.ts";
import { DeviceStates, type DeviceView, type GatewayPresence } from "./device-states.ts";

let clock: ManualClock;
let gateway: GatewayPresence;
let devices: DeviceStates;
beforeEach(() => {
  clock = new ManualClock(now);
  gateway = { connected: true, backlog: 0 };
  devices = new DeviceStates({ sites: [testSite], clock, gateway: () => gateway });
});

const minute = 60_000;
const view = (id: string): DeviceView | undefined => devices.list().find((device) => device.id === id);

describe("a device is", () => {
  test("unknown before anything came", () => {
    expect(view("tank")).toMatchObject({ state: "unknown", lastSeenAt: null, kinds: ["level"] });
  });

  test("online while it is heard in time, and silent after that", () => {
    devices.add([testReading("level", "tank", now)]);
    clock.advance(5 * minute);
    expect(view("tank")?.state).toBe("online");
    clock.advance(1);
    expect(view("tank")?.state).toBe("silent");
  });

  test("silent after 10 minutes where nothing else is said", () => {
    devices.add([testReading("tap", "reader", now)]);
    clock.advance(10 * minute);
    expect(view("reader")?.state).toBe("online");
    clock.advance(6);
    expect(view("reader")?.state).toBe("silent");
  });

  test("not called silent while its gateway is away, or behind with what it holds", () => {
    devices.add([testReading("level", "tank", now)]);
    clock.advance(6 * minute);
    gateway = { connected: true, backlog: 12 };
    expect(view("tank")?.state).toBe("unknown");
    gateway = { connected: false, backlog: 0 };
    expect(view("tank")?.state).toBe("unknown");
  });

  test("offline when its connection ended, until it is heard again", () => {
    devices.add([testReading("level", "tank", now - 20), testReading("state", "tank", now - 10, { value: 0 })]);
    expect(view("tank")?.state).toBe("offline");
    devices.add([testReading("state", "tank", now - 8, { value: 1 })]);
    expect(view("tank")?.state).toBe("online");
  });
});

test("the newest of each series stays, in whatever order readings come, and however often", () => {
  const [old, newer] = [
    testReading("level", "tank", now - 2_000, { value: 1 }),
    testReading("level", "tank", now - 1_000, { value: 2 }),
  ];
  devices.add([newer, old, newer]);
  expect([...(view("tank")?.last ?? [])]).toEqual([["level", newer]]);
});

test("a gateway whose clock is wrong shows what is newest by its count, until that is put right", () => {
  const before = testReading("level", "tank", now - 60_000, { value: 1, seq: 41 });
  const y2000 = Date.UTC(2000, 0, 1);
  const unsure = testReading("level", "tank", y2000, { value: 2, seq: 42, clock: "unsynchronised" });
  devices.add([before, unsure]);
  expect(view("tank")).toMatchObject({ state: "online", lastSeenAt: now });
  expect(view("tank")?.last.get("level")).toBe(unsure);
  const corrected = { ...unsure, at: now, receivedAt: now, clock: "corrected" } as const;
  devices.add([before, corrected]);
  expect(view("tank")?.last.get("level")).toBe(corrected);
});

test("an edge whose clock runs ahead does not make its devices look heard in the future", () => {
  devices.add([testReading("level", "tank", now + 3_600_000)]);
  expect(view("tank")?.lastSeenAt).toBe(now);
});

test("devices that only a gateway knows are listed behind, up to a bound", () => {
  for (let index = 0; index < 1_100; index++) devices.add([testReading("level", `new-${index}`, now)]);
  expect(devices.list()).toHaveLength(3 + 1_000 + 3);
  expect(devices.ignored).toBe(97);
  expect(
    devices
      .list()
      .slice(0, 3)
      .map(({ id }) => id),
  ).toEqual(["fire-panel", "tank", "reader"]);
});
