import type { Severity } from "@gengfu/shared/model/rule";
import type { Alert, Gateway, Site } from "../api/types.ts";
import { inOrderOfUrgency, isActive, isOpen, isUnanswered } from "./alerts.ts";
import type { Liveness } from "./connection.ts";
import { isCatchingUp, presenceOf } from "./presence.ts";
import type { DeviceSeen } from "./world.ts";

/**
 * The site at a glance. `well` is said only while it is known; `attention` is no alarm but something that keeps it from
 * being said; `unknown` that nothing is heard from the service.
 */
export type Level = Severity | "attention" | "well" | "unknown";

export interface SiteState {
  readonly level: Level;
  /** Open alerts, the most urgent first. */
  readonly open: readonly Alert[];
  /** Those of them whose cause still holds. */
  readonly active: readonly Alert[];
  readonly unanswered: number;
  /** Something fires and nobody has said that they see to it. */
  readonly loud: Severity | null;
  readonly devices: { readonly total: number; readonly current: number };
  readonly gatewaysOffline: readonly string[];
  readonly devicesSilent: readonly string[];
  /** Nothing current is known of these: what they sent is still on its way. */
  readonly devicesBehind: readonly string[];
  /** Gateways that say themselves that something is wrong with them. */
  readonly gatewaysTroubled: readonly string[];
  readonly catchingUp: readonly { readonly gateway: string; readonly backlog: number }[];
}

export interface SiteStateInput {
  readonly site: Site;
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly devices: ReadonlyMap<string, DeviceSeen>;
  readonly liveness: Liveness;
}

export function assess({ site, alerts, gateways, devices, liveness }: SiteStateInput): SiteState {
  const open = inOrderOfUrgency([...alerts.values()].filter(isOpen));
  const active = open.filter(isActive);
  const presences = site.devices.map((device) => ({
    id: device.id,
    presence: presenceOf(site, device, devices.get(device.id), gateways),
  }));
  const known = site.gateways.flatMap(({ id }) => gateways.get(id) ?? []);
  const state = {
    open,
    active,
    unanswered: open.filter(isUnanswered).length,
    loud: open.find((alert) => alert.state === "firing")?.severity ?? null,
    devices: {
      total: presences.length,
      current: presences.filter(({ presence }) => presence === "current").length,
    },
    gatewaysOffline: known.filter(({ connected }) => !connected).map(({ id }) => id),
    devicesSilent: presences
      .filter(({ presence }) => presence === "silent" || presence === "offline" || presence === "never")
      .map(({ id }) => id),
    devicesBehind: presences.filter(({ presence }) => presence === "in_transit").map(({ id }) => id),
    gatewaysTroubled: known.filter(({ troubles }) => troubles.length > 0).map(({ id }) => id),
    catchingUp: known
      .filter((gateway) => gateway.connected && isCatchingUp(gateway))
      .map(({ id, backlog }) => ({ gateway: id, backlog: backlog ?? 0 })),
  };
  return { ...state, level: levelOf(state, liveness) };
}

const order: readonly Severity[] = ["critical", "warning", "info"];

function levelOf(state: Omit<SiteState, "level">, liveness: Liveness): Level {
  // an alarm that was last known stays one until something better is known
  const worst = order.find((severity) => state.active.some((alert) => alert.severity === severity));
  if (worst !== undefined) return worst;
  if (liveness !== "live") return "unknown";
  const doubts = [
    state.open,
    state.gatewaysOffline,
    state.gatewaysTroubled,
    state.devicesSilent,
    state.devicesBehind,
    state.catchingUp,
  ];
  return doubts.some(({ length }) => length > 0) ? "attention" : "well";
}

/** Whether two verdicts would be drawn the same: readings that change nothing of it come a thousand times a second. */
export function sameSiteState(a: SiteState, b: SiteState): boolean {
  return (
    a.level === b.level &&
    a.loud === b.loud &&
    a.devices.total === b.devices.total &&
    a.devices.current === b.devices.current &&
    sameList(a.open, b.open) &&
    sameList(a.gatewaysOffline, b.gatewaysOffline) &&
    sameList(a.gatewaysTroubled, b.gatewaysTroubled) &&
    sameList(a.devicesSilent, b.devicesSilent) &&
    sameList(a.devicesBehind, b.devicesBehind) &&
    a.catchingUp.length === b.catchingUp.length &&
    a.catchingUp.every(
      (one, index) => one.gateway === b.catchingUp[index]?.gateway && one.backlog === b.catchingUp[index]?.backlog,
    )
  );
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
