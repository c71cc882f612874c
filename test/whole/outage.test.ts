import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ReadingRow } from "../support/api.ts";
import { Demo, showOnFailure } from "../support/demo.ts";
import { startInflux, type Influx } from "../support/influxd.ts";
import { sendLines } from "../support/mosquitto.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const database = "gengfu";
const each = 250;
/** When the trusted clocks of the devices began, some minutes ago. */
const began = Date.now() - 600_000;

/** Four devices of different habits; every reading has a value that no other of its series has. */
const streams = [
  {
    device: "tank-domestic",
    kind: "level",
    channel: null,
    payload: (index: number) => ({ metres: index / 1_000, boot: 7, seq: index, at: began + index * 10 }),
    value: (index: number) => index / 1_000,
  },
  {
    device: "boiler-1",
    kind: "temperature",
    channel: "return",
    payload: (index: number) => ({ celsius: 20 + index / 100, channel: "return", boot: 1, seq: index }),
    value: (index: number) => 20 + index / 100,
  },
  {
    device: "screening-gate",
    kind: "count",
    channel: null,
    payload: (index: number) => ({ total: index }),
    value: (index: number) => index,
  },
  {
    device: "reader-floor-2",
    kind: "tap",
    channel: null,
    payload: (index: number) => ({ card: card(index), age: index }),
    value: (index: number) => card(index),
  },
] as const;

describe.skipIf(lacks("mosquitto_pub", "influxd"))("edge and cloud die while devices publish", () => {
  let influx: Influx;
  let demo: Demo;
  beforeAll(async () => {
    influx = await startInflux();
    await influx.query(`CREATE DATABASE ${database}`);
    demo = await new Demo({ env: { INFLUX_URL: influx.url, INFLUX_DATABASE: database } }).start();
  });
  beforeEach(() => showOnFailure(demo));
  afterAll(async () => {
    await demo?.remove();
    await influx?.stop();
  });

  test("all of 1,000 readings arrive in the API and in InfluxDB, none of them twice", async () => {
    const broker = demo.endpoints.deviceBroker;
    const senders = streams.map(({ device, kind, payload }) => {
      const sender = sendLines({ broker, device }, `gengfu/v1/${device}/${kind}`, ["-i", `${device}-client`]);
      return { device, payload, sender };
    });
    const publish = (from: number, to: number): void => {
      for (const { payload, sender } of senders) {
        sender.write(Array.from({ length: to - from }, (_, index) => JSON.stringify(payload(from + index))));
      }
    };
    const arrived = async (): Promise<number> => (await ours(demo)).length;

    publish(0, 60);
    await until("the first readings", async () => (await arrived()) >= 100);
    publish(60, 120);
    await demo.kill("edge");
    publish(120, 180);
    await until("what came after the edge's death", async () => (await arrived()) >= 400);
    publish(180, 220);
    await demo.kill("cloud");
    publish(220, each);
    for (const { device, sender } of senders) {
      expect(await sender.end(), device).toEqual({ code: 0, stderr: "" });
    }

    let count = 0;
    await until("all readings in the API", async () => (count = await arrived()) >= each * streams.length, {
      within_ms: 60_000,
      lastSeen: () => count,
    });
    const rows = await ours(demo);
    for (const { device, kind, channel, value } of streams) {
      const expected = Array.from({ length: each }, (_, index) => value(index));
      const ofDevice = rows.filter((row) => row.device === device && row.kind === kind && row.channel === channel);
      expect(sorted(ofDevice.map((row) => row["card"] ?? row.value)), `${device} in the API`).toEqual(sorted(expected));

      const points = async (): Promise<unknown[]> => {
        const field = kind === "tap" ? "card" : "value";
        const found = await influx.query(`SELECT ${field} FROM "${kind}" WHERE device = '${device}'`, { database });
        return found.map((row) => row[field]);
      };
      await until(`all points of ${device}`, async () => (await points()).length >= each);
      expect(sorted(await points()), `${device} in InfluxDB`).toEqual(sorted(expected));
    }
    const gateway = await until("the gateway to say that nothing waits", async () => {
      const [first] = await demo.api.gateways();
      return first?.backlog === 0 && first;
    });
    expect(gateway.missing).toEqual([]);
    expect(gateway.received).toHaveLength(1);
  });
});

/** The readings that this test sent, however many there are of others. */
async function ours(demo: Demo): Promise<ReadingRow[]> {
  const rows = await demo.api.readings("?limit=100000");
  return rows.filter(({ device, kind }) => streams.some((stream) => stream.device === device && stream.kind === kind));
}

function card(index: number): string {
  return `04${index.toString(16).toUpperCase().padStart(8, "0")}`;
}

function sorted(values: readonly unknown[]): string[] {
  return values.map(String).sort();
}
