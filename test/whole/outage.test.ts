import { randomInt } from "node:crypto";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { settledOf, type ReadingRow } from "../support/api.ts";
import { startDeafLine } from "../support/deaf-line.ts";
import { Demo, showOnFailure } from "../support/demo.ts";
import { startInflux, type Influx } from "../support/influxd.ts";
import { sendLines, type LineSender } from "../support/mosquitto.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const database = "gengfu";
/** Who dies in which round, while its readings are on their way. */
const rounds = ["edge", "cloud", "edge", "cloud"] as const;
const perRound = 250;
/** A round's readings are on their way for about so long. */
const round_ms = 60;
/** What mosquitto_pub sends before it has the first acknowledgement. */
const inFlight = 20;
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

  const open = (broker: string): OpenStream[] =>
    streams.map((stream) => {
      const from = { broker, device: stream.device };
      const topic = `gengfu/v1/${stream.device}/${stream.kind}`;
      const sender = sendLines(from, topic, ["-i", `${stream.device}-client`]);
      onTestFinished(() => sender.kill());
      return { stream, sender };
    });
  /** How many readings of each device were published so far; the tests go on from each other. */
  let published = 0;
  const publish = (opened: readonly OpenStream[], count: number): void => {
    for (const { stream, sender } of opened) {
      sender.write(Array.from({ length: count }, (_, index) => JSON.stringify(stream.payload(published + index))));
    }
    published += count;
  };
  const endAll = async (opened: readonly OpenStream[]): Promise<void> => {
    for (const { stream, sender } of opened) {
      expect(await sender.end(), stream.device).toEqual({ code: 0, stderr: "" });
    }
  };
  /** Waits until everything published is in the API. */
  const arrived = async (): Promise<ReadingRow[]> => {
    let count = 0;
    return until(
      "all readings in the API",
      async () => {
        const rows = await ours(demo);
        count = rows.length;
        return count >= published * streams.length && rows;
      },
      { within_ms: 60_000, lastSeen: () => `${count} of ${published * streams.length}` },
    );
  };
  const expectEachOnce = async (): Promise<void> => {
    const rows = await arrived();
    for (const { device, kind, channel, value } of streams) {
      const expected = Array.from({ length: published }, (_, index) => value(index));
      const ofDevice = rows.filter((row) => row.device === device && row.kind === kind && row.channel === channel);
      expect(sorted(ofDevice.map((row) => row["card"] ?? row.value)), `${device} in the API`).toEqual(sorted(expected));

      const points = async (): Promise<unknown[]> => {
        const field = kind === "tap" ? "card" : "value";
        const found = await influx.query(`SELECT ${field} FROM "${kind}" WHERE device = '${device}'`, { database });
        return found.map((row) => row[field]);
      };
      await until(`all points of ${device}`, async () => (await points()).length >= published);
      expect(sorted(await points()), `${device} in InfluxDB`).toEqual(sorted(expected));
    }
    const gateway = await until("the gateway to say that nothing waits", async () => {
      const [first] = await demo.api.gateways();
      return first?.backlog === 0 && first;
    });
    expect(gateway.missing).toEqual([]);
    expect(settledOf(gateway)).toHaveLength(1);
  };

  test("while edge and cloud are killed in turn, all arrives in the API and in InfluxDB, and once", async () => {
    const opened = open(demo.endpoints.deviceBroker);
    for (const victim of rounds) {
      publish(opened, perRound);
      // some are committed and not acknowledged, some on the wire, some not yet sent: another moment each time
      await pause(systemClock, randomInt(round_ms));
      await demo.kill(victim);
    }
    await endAll(opened);
    await expectEachOnce();
  });

  test("what was taken over but not acknowledged before the line broke and the edge died is not doubled", async () => {
    const line = await startDeafLine(demo.endpoints.deviceBroker);
    onTestFinished(() => line.close());
    const opened = open(line.url);
    publish(opened, inFlight);
    await arrived();
    line.hear();
    await demo.kill("edge");
    publish(opened, inFlight);
    await endAll(opened);
    await expectEachOnce();
  });
});

interface OpenStream {
  readonly stream: (typeof streams)[number];
  readonly sender: LineSender;
}

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
