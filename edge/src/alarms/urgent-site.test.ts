import { site as siteSchema } from "@gengfu/shared/model/site";
import { expect, it } from "vitest";
import { urgentSite } from "./urgent-site.ts";

const boiler = (id: string, gateway: string) => ({
  id,
  gateway,
  name: id,
  secret: "s",
  measures: [{ kind: "temperature", channel: "supply" }, { kind: "contact" }],
});
const rule = (id: string, when: unknown, more: object = {}) => ({ id, name: id, severity: "critical", when, ...more });
const cold = { type: "below", kind: "temperature", limit: 5 };

function judged(gateways: readonly string[]): string[] {
  const site = siteSchema.parse({
    id: "court",
    name: "Court",
    gateways: gateways.map((id) => ({ id, name: id, secret: "s" })),
    devices: gateways.map((gateway) => boiler(`boiler-${gateway}`, gateway)),
    rules: [
      rule("plain", cold),
      rule("warning", cold, { severity: "warning" }),
      rule("silent", { type: "device_silent", after: "10m" }),
      rule("named", {
        type: "all",
        of: [
          { ...cold, device: "boiler-a" },
          { type: "contact", device: "boiler-a" },
        ],
      }),
      rule("unnamed", { type: "all", of: [cold, { type: "contact", device: "boiler-a" }] }),
      ...(gateways.length > 1 ? [rule("other", { ...cold, device: "boiler-b" })] : []),
    ],
  });
  return urgentSite(site, "a").rules.map(({ id }) => id);
}

it("is all critical rules but silence where the gateway has all devices of the site", () => {
  expect(judged(["a"])).toEqual(["plain", "named", "unnamed"]);
});

it("leaves to the cloud what looks at other gateways' devices, too, or may", () => {
  expect(judged(["a", "b"])).toEqual(["plain", "named"]);
});
