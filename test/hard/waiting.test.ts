import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { chance } from "../support/chance.ts";
import { Device } from "../support/device.ts";
import { sendLines, type LineSender } from "../support/mosquitto.ts";
import { startServices, type Services } from "../support/services.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const deaths = 8;
/** More often and the gateway would take a device for one that waits for each acknowledgement before it goes on. */
const round_ms = 600;
const burst = 5;
/** The cloud acknowledges about so long after a sample came in: dying then, the gateway has told nobody. */
const aim_ms = { from: 60, to: 200 };

const gatewaySchema = z.object({
  missing: z.array(z.unknown()),
  unused: z.array(z.tuple([z.int(), z.int()])),
  received: z.array(z.tuple([z.int(), z.int()])),
  troubles: z.array(z.string()),
  disk: z.object({ writtenTodayBytes: z.int(), waiting: z.int() }).nullable(),
});

test.skipIf(lacks("mosquitto_pub"))(
  "a gateway that keeps samples in memory dies again and again, and each is there once",
  { timeout: 300_000 },
  async () => {
    const random = chance();
    console.log(`GENGFU_SEED=${random.seed}`);
    const services = await startServices({ uplink: { heartbeat: "1s" } });
    const { edge, deviceBroker } = services;
    const published = new Set<string>();
    const sent: Promise<void>[] = [];
    const devices = (["tank-domestic", "boiler-1"] as const).map((name) => {
      const device = new Device({ broker: deviceBroker, device: name });
      onTestFinished(() => device.end());
      return { name, device };
    });
    let count = 0;
    const publishAll = (plain: LineSender): void => {
      for (let index = 0; index < burst; index++) {
        count += 1;
        for (const { name, device } of devices) {
          const value = count / 1_000;
          published.add(`${name} ${value}`);
          const [kind, unit] =
            name === "tank-domestic" ? (["level", "metres"] as const) : (["pressure", "kilopascals"] as const);
          sent.push(device.publish(kind, { [unit]: value }));
        }
      }
      published.add(`tank-fire ${count / 1_000}`);
      plain.write([JSON.stringify({ metres: count / 1_000 })]);
    };

    let seenWaiting = 0;
    for (let death = 0; death < deaths; death++) {
      // numbers nothing: its repeats are known by what MQTT says of them
      const from = { broker: deviceBroker, device: "tank-fire" };
      const plain = sendLines(from, "gengfu/v1/tank-fire/level", ["-i", "plain"]);
      await until("the cloud to hear the gateway", async () => {
        publishAll(plain);
        await pause(systemClock, round_ms);
        const waiting = (await gatewayOf(services)).disk?.waiting ?? 0;
        seenWaiting = Math.max(seenWaiting, waiting);
        return waiting > 0;
      });
      publishAll(plain);
      await pause(systemClock, random.between(aim_ms.from, aim_ms.to));
      await edge.kill();
      await edge.startWell();
      expect(await plain.end()).toEqual({ code: 0, stderr: "" });
    }
    await Promise.all(sent);
    console.log(
      `${published.size} readings, up to ${seenWaiting} in memory; ${await repeatsOf(services)} known as repeats`,
    );

    let found: string[] = [];
    await until(
      "all readings in the API",
      async () => {
        const rows = await services.api.readings("?limit=100000");
        found = rows.filter(({ kind }) => kind !== "state").map(({ device, value }) => `${device} ${value}`);
        return found.length >= published.size;
      },
      { lastSeen: () => found.length },
    );
    expect(found.toSorted()).toEqual([...published].toSorted());
    const gateway = await gatewayOf(services);
    expect(gateway.missing).toEqual([]);
    expect(gateway.unused.length).toBeGreaterThan(0);
    expect(gateway.troubles).toEqual([]);
    expect(gateway.disk?.writtenTodayBytes).toBeGreaterThan(0);
  },
);

async function gatewayOf({ api }: Services): Promise<z.output<typeof gatewaySchema>> {
  const { body } = await api.call("GET", "/gateways");
  const { gateways } = z.object({ gateways: z.array(gatewaySchema) }).parse(body);
  return gateways[0] as z.output<typeof gatewaySchema>;
}

async function repeatsOf({ api }: Services): Promise<number> {
  const { body } = await api.call("GET", "/metrics");
  return Number(/^gengfu_cloud_readings_repeated_total (\d+)$/m.exec(String(body))?.[1]);
}
