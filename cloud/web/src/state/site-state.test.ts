import { describe, expect, it } from "vitest";
import { aGateway, anAlert, aSite } from "./fixtures.ts";
import { assess, sameSiteState, type SiteStateInput } from "./site-state.ts";

const alerts = (...list: ReturnType<typeof anAlert>[]) => new Map(list.map((alert) => [alert.id, alert]));
const device = (id: string, state = "online", lastSeenAt: number | null = 1) =>
  [id, { id, state, lastSeenAt }] as const;

const well: SiteStateInput = {
  site: aSite,
  alerts: new Map(),
  gateways: new Map([aGateway(), aGateway({ id: "tribunal" })].map((gateway) => [gateway.id, gateway])),
  devices: new Map([device("fire-panel"), device("tank-fire"), device("gate")]),
  liveness: "live",
};

describe("the site at a glance", () => {
  it("is well only while everything is known to be", () => {
    expect(assess(well)).toMatchObject({ level: "well", devices: { total: 3, current: 3 }, unanswered: 0, loud: null });
  });

  it.each(["connecting", "stale", "reconnecting"] as const)("is unknown, never well, while %s", (liveness) => {
    expect(assess({ ...well, liveness }).level).toBe("unknown");
  });

  it("keeps an alarm while the connection is lost", () => {
    expect(assess({ ...well, alerts: alerts(anAlert()), liveness: "reconnecting" }).level).toBe("critical");
  });

  it("takes the worst of what still holds", () => {
    const state = assess({
      ...well,
      alerts: alerts(
        anAlert({ id: "w", severity: "warning" }),
        anAlert({ id: "c", severity: "critical", state: "acknowledged", acknowledgedAt: 1 }),
        anAlert({ id: "x", severity: "critical", state: "closed", closedAt: 1 }),
      ),
    });
    expect(state.level).toBe("critical");
    expect(state.open.map(({ id }) => id)).toEqual(["w", "c"]);
    expect(state.loud).toBe("warning");
    expect(state.unanswered).toBe(1);
  });

  it("asks for attention, and raises no alarm, for what has cleared", () => {
    const state = assess({ ...well, alerts: alerts(anAlert({ state: "cleared", clearedAt: 1 })) });
    expect(state).toMatchObject({ level: "attention", loud: null, unanswered: 1 });
  });

  it("tells a silent sensor, a gateway that is offline and a backlog in transit apart", () => {
    const silent = assess({ ...well, devices: new Map([...well.devices, device("tank-fire", "silent")]) });
    expect(silent).toMatchObject({
      level: "attention",
      devicesSilent: ["tank-fire"],
      gatewaysOffline: [],
      catchingUp: [],
    });

    const offline = assess({
      ...well,
      gateways: new Map([...well.gateways, ["tribunal", aGateway({ id: "tribunal", connected: false })]]),
    });
    expect(offline).toMatchObject({
      level: "attention",
      devicesSilent: [],
      gatewaysOffline: ["tribunal"],
      catchingUp: [],
    });
    expect(offline.devices.current).toBe(2);

    const behind = assess({
      ...well,
      gateways: new Map([...well.gateways, ["tribunal", aGateway({ id: "tribunal", backlog: 5_000 })]]),
      devices: new Map([...well.devices, device("tank-fire", "unknown")]),
    });
    expect(behind).toMatchObject({
      level: "attention",
      devicesSilent: [],
      gatewaysOffline: [],
      catchingUp: [{ gateway: "tribunal", backlog: 5_000 }],
    });
  });

  it("is not well while a gateway reports trouble, or what a device sent is still on its way", () => {
    const troubled = assess({
      ...well,
      gateways: new Map([...well.gateways, ["tribunal", aGateway({ id: "tribunal", troubles: ["the disk is full"] })]]),
    });
    expect(troubled).toMatchObject({ level: "attention", gatewaysTroubled: ["tribunal"] });
    const behind = assess({
      ...well,
      gateways: new Map([...well.gateways].map(([id, gateway]) => [id, { ...gateway, backlog: 3 }])),
      devices: new Map([...well.devices, device("tank-fire", "unknown")]),
    });
    expect(behind).toMatchObject({ level: "attention", devicesBehind: ["tank-fire"], catchingUp: [] });
  });

  it("counts a device that was never heard as one without data", () => {
    const state = assess({ ...well, devices: new Map([device("fire-panel"), device("gate")]) });
    expect(state.devicesSilent).toEqual(["tank-fire"]);
  });

  it("is the same verdict where nothing of it changed, and another where something did", () => {
    const later = { ...well, devices: new Map([...well.devices, device("gate", "online", 99)]) };
    expect(sameSiteState(assess(well), assess(later))).toBe(true);
    expect(sameSiteState(assess(well), assess({ ...well, alerts: alerts(anAlert()) }))).toBe(false);
    expect(
      sameSiteState(
        assess({ ...well, alerts: alerts(anAlert()) }),
        assess({ ...well, alerts: alerts(anAlert({ state: "acknowledged", acknowledgedAt: 1 })) }),
      ),
    ).toBe(false);
  });
});
