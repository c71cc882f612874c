import { describe, expect, it } from "vitest";
import { aGateway, aSite } from "./fixtures.ts";
import { presenceOf } from "./presence.ts";

describe("presence", () => {
  const device = aSite.devices[1];
  if (device === undefined) throw new Error("the site has a second device");
  const seen = (state: string, lastSeenAt: number | null = 1) => ({ id: device.id, state, lastSeenAt });
  const gateways = (over = {}) => new Map([["tribunal", aGateway({ id: "tribunal", ...over })]]);

  it.each([
    ["online", gateways(), "current"],
    ["offline", gateways(), "offline"],
    ["silent", gateways(), "silent"],
    ["unknown", gateways({ backlog: 7 }), "in_transit"],
    ["unknown", gateways(), "silent"],
    ["online", gateways({ connected: false }), "gateway_offline"],
    ["silent", gateways({ connected: false, backlog: 7 }), "gateway_offline"],
  ] as const)("of a device that is %s: %#", (state, known, expected) => {
    expect(presenceOf(aSite, device, seen(state), known)).toBe(expected);
  });

  it("of a device that was never heard", () => {
    expect(presenceOf(aSite, device, seen("unknown", null), gateways())).toBe("never");
    expect(presenceOf(aSite, device, undefined, gateways())).toBe("never");
  });
});
