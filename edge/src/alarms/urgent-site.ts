import { gatewayOf, type Site } from "@gengfu/shared/model/site";

/**
 * The site as far as a gateway can judge it alone: its own devices, and the critical rules that look at nothing else.
 * Silence is the cloud's to judge.
 */
export function urgentSite(site: Site, gateway: string): Site {
  const devices = site.devices.filter((device) => gatewayOf(site, device) === gateway);
  const ids = new Set(devices.map(({ id }) => id));
  const rules = site.rules.filter(
    (rule) =>
      rule.severity === "critical" && !rule.when.type.endsWith("_silent") && devicesIn(rule).every((id) => ids.has(id)),
  );
  return { ...site, devices, rules };
}

/** The devices that a rule names, wherever in it. */
function devicesIn(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(devicesIn);
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === "device" && typeof value === "string" ? [value] : devicesIn(value),
  );
}
