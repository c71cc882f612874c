import type { Gateway, Site, SiteDevice } from "../api/types.ts";
import type { DeviceSeen } from "./world.ts";

/**
 * Why what is shown of a device may not be how it stands now. A sensor that is silent, a gateway that is offline and a
 * backlog in transit are three different things, and none of them is a value (I7).
 */
export type Presence = "current" | "silent" | "offline" | "gateway_offline" | "in_transit" | "never";

/** Fewer waiting readings than this are the ordinary traffic of a batch, no backlog. */
export const backlog_min = 200;

/** The service judges silence, since it knows each device's own limit; here it is told apart by its cause. */
export function presenceOf(
  site: Site,
  device: SiteDevice,
  seen: DeviceSeen | undefined,
  gateways: ReadonlyMap<string, Gateway>,
): Presence {
  const gateway = gateways.get(gatewayIdOf(site, device));
  if (gateway !== undefined && !gateway.connected) return "gateway_offline";
  switch (seen?.state) {
    case "offline":
      return "offline";
    case "silent":
      return "silent";
    case "online":
      return "current";
    default:
      if ((gateway?.backlog ?? 0) > 0) return "in_transit";
      return (seen?.lastSeenAt ?? null) === null ? "never" : "silent";
  }
}

export function gatewayIdOf(site: Site, device: SiteDevice): string {
  return device.gateway ?? site.gateways[0]?.id ?? "";
}

/** Readings of the past are still on their way from it. */
export function isCatchingUp({ backlog }: Gateway): boolean {
  return (backlog ?? 0) >= backlog_min;
}
