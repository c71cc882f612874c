import { uplinkTopics, type UnclaimedReport } from "@gengfu/shared/uplink-protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closing, IngressUnderTest } from "../ingress/testing/ingress-under-test.ts";

let cloud: IngressUnderTest;
beforeEach(async () => {
  cloud = new IngressUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

function report(...devices: [name: string, lastSeenAt: number][]): UnclaimedReport {
  return {
    devices: devices.map(([name, lastSeenAt]) => ({
      via: "zigbee",
      name,
      reason: "unknown_device",
      count: 1,
      firstSeenAt: 1,
      lastSeenAt,
      topics: [{ topic: `zigbee2mqtt/${name}`, payload: "{}", count: 1, lastSeenAt }],
      proposal: { site: "devices: []\n", edge: null },
    })),
    forgotten: 1,
  };
}

async function tell(body: unknown, gateway = "main-building"): Promise<void> {
  const client = await cloud.signOn(gateway);
  await client.publishAsync(uplinkTopics.unclaimed(gateway), typeof body === "string" ? body : JSON.stringify(body), {
    qos: 1,
  });
}

const names = (): string[] => cloud.unclaimed.list().map(({ gateway, name }) => `${gateway}/${name}`);

describe("what gateways tell of the unclaimed", () => {
  it("is listed over all gateways, the one heard last first, until a gateway tells otherwise", async () => {
    await tell(report(["a", 10], ["b", 30]));
    await tell(report(["c", 20]), "tribunal-2");
    expect(names()).toEqual(["main-building/b", "tribunal-2/c", "main-building/a"]);
    expect(cloud.unclaimed.forgotten).toBe(2);
    await tell({ devices: [], forgotten: 0 });
    expect(names()).toEqual(["tribunal-2/c"]);
  });

  it("stays as it was after a report that is none, too large", async () => {
    await tell(report(["a", 10]));
    for (const body of ["{", "{}", "x".repeat(600_000), { devices: [{ name: "x" }], forgotten: 0 }]) await tell(body);
    expect(names()).toEqual(["main-building/a"]);
    expect(cloud.ingress.stats().refused).toBe(4);
  });

  it("is never another gateway's", async () => {
    const client = await cloud.signOn("main-building");
    const closed = closing(client);
    client.publish(uplinkTopics.unclaimed("tribunal-2"), JSON.stringify(report(["a", 10])), { qos: 1 });
    await closed;
    expect(names()).toEqual([]);
  });
});
