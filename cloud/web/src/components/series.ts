import { useComputed } from "@preact/signals";
import { type Kind, seriesOf } from "@gengfu/shared/model/reading";
import type { Reading, SeriesPoint, SiteDevice } from "../api/types.ts";
import { type Presence, presenceOf } from "../state/presence.ts";
import { useApp } from "./app.ts";

/** Why a value is not how things stand now, or null where it is. */
export type Doubt = Exclude<Presence, "current"> | "disconnected";

/** How a device's values may be shown; draws its component again only when that changes. */
export function useDoubt(device: SiteDevice): Doubt | null {
  const { store } = useApp();
  return useComputed((): Doubt | null => {
    const { liveness, world } = store;
    if (liveness.value === "reconnecting" || liveness.value === "stale") return "disconnected";
    if (world.site.value === null) return "disconnected";
    const presence = presenceOf(world.site.value, device, world.devices.value.get(device.id), world.gateways.value);
    return presence === "current" ? null : presence;
  }).value;
}

export function useReading(device: string, kind: Kind, channel: string | null): Reading | undefined {
  const { store } = useApp();
  const series = seriesOf({ device, kind, channel });
  return useComputed(() => store.world.latest.value.get(series)).value;
}

const noPoints: readonly SeriesPoint[] = [];

export function useTrend(device: string, kind: Kind, channel: string | null): readonly SeriesPoint[] {
  const { store } = useApp();
  const series = seriesOf({ device, kind, channel });
  return useComputed(() => store.world.trends.value.get(series) ?? noPoints).value;
}
