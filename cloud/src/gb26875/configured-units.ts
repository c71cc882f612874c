import type { TransmissionDevice } from "@gengfu/shared/model/gb26875";
import type { Site } from "@gengfu/shared/model/site";
import { PartMap } from "./part-map.ts";

const presence_ms_max = 5 * 60_000;

/** A transmission device as the sites' files have it. */
export interface ConfiguredUnit {
  readonly gateway: string;
  readonly device: TransmissionDevice;
  readonly parts: PartMap;
  /** The site's. */
  readonly zone: string;
  /** Between two readings that say that the devices behind it are there: a panel without news has none of its own. */
  readonly presence_ms: number;
}

export function configuredUnits(sites: readonly Site[]): ConfiguredUnit[] {
  return sites.flatMap((site) =>
    site.gateways.flatMap(({ id: gateway, gb26875: device }) => {
      if (device === undefined) return [];
      const parts = new PartMap(gateway, device);
      const presence_ms = presenceOf(site, parts.devices);
      return [{ gateway, device, parts, zone: site.time_zone, presence_ms }];
    }),
  );
}

/** Three times within the time after which any of the devices would be called silent, and at least every few minutes. */
function presenceOf({ devices, rules }: Site, behind: ReadonlySet<string>): number {
  const own = devices.flatMap(({ id, silent_after }) =>
    silent_after === undefined || !behind.has(id) ? [] : [silent_after],
  );
  const general = rules.flatMap(({ when }) => (when.type === "device_silent" ? [when.after] : []));
  return Math.min(presence_ms_max, ...[...own, ...general].map((limit_ms) => limit_ms / 3));
}
