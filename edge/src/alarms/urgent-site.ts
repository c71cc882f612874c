import { leavesOf } from "@gengfu/shared/model/condition";
import type { Rule } from "@gengfu/shared/model/rule";
import { isPlain } from "@gengfu/shared/model/rule-series";
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
      rule.severity === "critical" &&
      !rule.when.type.endsWith("_silent") &&
      devicesIn(rule).every((id) => ids.has(id)) &&
      (devices.length === site.devices.length || isPlain(rule) || namesAll(rule)),
  );
  return { ...site, devices, rules };
}

/** Whether a rule says of each series that it looks at together whose it is: else the cloud puts in other gateways' too. */
function namesAll({ when, unless }: Rule): boolean {
  const leaves = [...leavesOf(when), ...(unless ?? []).flatMap(leavesOf)];
  return leaves.every(({ device }) => device !== undefined);
}

/** The devices that a rule names, wherever in it. */
function devicesIn(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(devicesIn);
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === "device" && typeof value === "string" ? [value] : devicesIn(value),
  );
}
