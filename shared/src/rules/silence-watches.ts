import { fits, seriesIn } from "../model/rule-series.ts";
import type { Rule } from "../model/rule.ts";
import { gatewayOf, type Site } from "../model/site.ts";
import type { SilenceWatch } from "./silence.ts";

/** The silences that a rule watches: of each gateway, device or series that it speaks of. */
export function silencesOf(site: Site, rule: Rule): SilenceWatch[] {
  const { when } = rule;
  const own = { site: site.id, rule, measure: null, channel: null };
  const key = `silence/${site.id}/${rule.id}`;
  switch (when.type) {
    case "gateway_silent":
      return site.gateways.map(({ id }) => ({
        ...own,
        key: `${key}/@${id}`,
        gateway: id,
        device: null,
        heard: null,
        after_ms: when.after + rule.for,
      }));
    case "device_silent":
      return site.devices
        .filter(({ id }) => (when.device ?? id) === id)
        .map((device) => ({
          ...own,
          key: `${key}/${device.id}`,
          gateway: gatewayOf(site, device),
          device: device.id,
          heard: `device/${site.id}/${device.id}`,
          after_ms: (device.silent_after ?? when.after) + rule.for,
        }));
    case "series_silent":
      return seriesIn(site)
        .filter((series) => fits(when, series))
        .map(({ device, kind, channel }) => {
          const series = `${device}/${kind}/${channel ?? "-"}`;
          const owner = site.devices.find(({ id }) => id === device);
          return {
            ...own,
            key: `${key}/${series}`,
            gateway: owner === undefined ? "" : gatewayOf(site, owner),
            device,
            measure: kind,
            channel,
            heard: `heard/${site.id}/${series}`,
            after_ms: when.after + rule.for,
          };
        });
    default:
      return [];
  }
}
