import { describe, expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { settledOf, type ReadingRow } from "../support/api.ts";
import { chance, type Chance } from "../support/chance.ts";
import { Device } from "../support/device.ts";
import { startFakeWecom } from "../support/fake-wecom.ts";
import { startInflux, type Influx } from "../support/influxd.ts";
import { sendLines, type LineSender } from "../support/mosquitto.ts";
import { startServices, type Services } from "../support/services.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const database = "gengfu";
const lasts_ms = 25_000;
/** How long a victim lives at least and at most, counted from its death, and how long it stays dead. */
const lives_ms = { from: 600, to: 4_500 };
const dead_ms = { from: 0, to: 700 };
/** Once the cloud stays dead until the edge has a backlog that it sends behind what is new. */
const outage = { death: 2, dead_ms: 8_000 };
/** A death follows on an acknowledgement, since then what was just promised is at stake; or comes after so long. */
const afterAcknowledgement_ms = { from: 0, to: 6 };
const patience_ms = 300;
const retry_ms = 200;
/** From a message's arrival at WeCom until it is noted as sent; dying within it, the cloud can't know that it was. */
const settles_ms = 1_000;
const settled_within_ms = 40_000;

type Payload = Readonly<Record<string, string | number | boolean>>;

/** What was published of one series, told apart by a text that no other reading of it has. */
type Published = Map<string, Set<string>>;

describe.skipIf(lacks("mosquitto_pub", "influxd"))("edge, cloud and InfluxDB die at random moments", () => {
  test("every acknowledged reading is there once, and every closure is one alert", async () => {
    const random = chance();
    console.log(`GENGFU_SEED=${random.seed}`);
    const [influx, wecom] = await Promise.all([startInflux(), startFakeWecom()]);
    onTestFinished(async () => {
      await Promise.all([influx.stop(), wecom.stop()]);
    });
    const services = await startServices({
      influx: { url: influx.url, database, timeout: "2s" },
      wecomUrl: wecom.url,
    });

    const over = new AbortController();
    const publishers = new Publishers(services.deviceBroker, over.signal);
    onTestFinished(() => publishers.stop());
    const publishing = publishers.run();
    const deaths = await killAtRandom(random, services, influx, publishers);
    over.abort();
    await publishing;
    const { published, closures } = publishers;
    const total = [...published.values()].reduce((sum, keys) => sum + keys.size, 0);
    const count = (victim: string): number => deaths.filter((death) => death.victim === victim).length;
    console.log(
      `${total} readings acknowledged, ${closures} closures; ` +
        `killed edge ${count("edge")}, cloud ${count("cloud")}, influxd ${count("influxd")} times`,
    );
    expect(total).toBeGreaterThan(1_000);
    expect(closures).toBeGreaterThan(3);

    let seen = 0;
    const rows = await until(
      "all readings in the API",
      async () => {
        const found = (await services.api.readings("?limit=100000")).filter(({ kind }) => kind !== "state");
        seen = found.length;
        return found.length >= total && found;
      },
      { within_ms: settled_within_ms, lastSeen: () => ({ seen, total }) },
    );
    expect(differences(published, rows.map(keyOf))).toEqual({ missing: [], unexpected: [] });
    const ids = rows.map(({ gateway, seq }) => `${gateway} ${seq}`);
    expect(new Set(ids).size).toBe(ids.length);

    const expected = rows.map(pointOf).sort();
    await until(
      "all points in InfluxDB",
      async () => {
        const points = await pointsOf(influx);
        seen = points.length;
        return points.length >= expected.length;
      },
      { within_ms: settled_within_ms, lastSeen: () => ({ seen, expected: expected.length }) },
    );
    expect((await pointsOf(influx)).sort()).toEqual(expected);

    const gateways = await services.api.gateways();
    expect(gateways.map(({ missing }) => missing)).toEqual([[]]);
    expect(gateways.map(settledOf)).toEqual([[[1, expect.any(Number)]]]);

    const alerts = await until(
      "every closure's alert",
      async () => {
        const found = (await services.api.alerts()).filter(({ rule }) => rule === "fire");
        seen = found.length;
        return found.length >= closures && found;
      },
      { lastSeen: () => ({ seen, closures }) },
    );
    expect(alerts.length).toBe(closures);
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(closures);
    expect((await services.api.alerts()).filter(({ rule }) => rule !== "fire")).toEqual([]);

    await until("nothing to be left to send", async () => (await waiting(services)) === 0);
    const sent = wecom.requests.map(({ content, at }) => ({ content, at }));
    expect(new Set(sent.map(({ content }) => content)).size).toBe(closures);
    for (const { content, at } of sent) {
      const again = sent.find((other) => other.content === content && other.at > at);
      if (again === undefined) continue;
      const died = deaths.some((death) => death.victim === "cloud" && death.at >= at && death.at <= at + settles_ms);
      expect(died, `a message went out twice, at ${at} and ${again.at}, though the cloud lived on`).toBe(true);
    }
  });
});

interface Death {
  readonly victim: "edge" | "cloud" | "influxd";
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
}

/** Each of the three lives and dies by itself, so that any may be dead at a time, or die while it starts. */
async function killAtRandom(
  random: Chance,
  services: Services,
  influx: Influx,
  publishers: Publishers,
): Promise<Death[]> {
  const deaths: Death[] = [];
  const end = performance.now() + lasts_ms;
  const torment = async (victim: Death["victim"], kill: () => Promise<void>, start: () => Promise<boolean>) => {
    // drawn beforehand, since the three draw from one source and come by in no fixed order
    const plan = Array.from({ length: 50 }, () => ({
      lives_ms: random.between(lives_ms.from, lives_ms.to),
      dead_ms: random.between(dead_ms.from, dead_ms.to),
      aim_ms: random.between(afterAcknowledgement_ms.from, afterAcknowledgement_ms.to),
    }));
    const wanted = { alive: true };
    let starting: Promise<unknown> = Promise.resolve();
    const keepAlive = async (): Promise<void> => {
      // a start may fail, as where a port isn't free yet; whoever supervises it would try again, too
      while (wanted.alive && !(await start())) await pause(systemClock, retry_ms);
    };
    for (const [index, life] of plan.entries()) {
      await pause(systemClock, life.lives_ms);
      if (performance.now() >= end) break;
      await Promise.race([publishers.acknowledgement(), pause(systemClock, patience_ms)]);
      await pause(systemClock, life.aim_ms);
      deaths.push({ victim, at: performance.now() });
      wanted.alive = false;
      await kill();
      await starting;
      const isOutage = victim === "cloud" && index + 1 === outage.death;
      await pause(systemClock, isOutage ? outage.dead_ms : life.dead_ms);
      wanted.alive = true;
      starting = keepAlive();
    }
    await starting;
  };
  const { edge, cloud } = services;
  await Promise.all([
    torment(
      "edge",
      () => edge.kill(),
      async () => (await edge.start()) !== undefined,
    ),
    torment(
      "cloud",
      () => cloud.kill(),
      async () => (await cloud.start()) !== undefined,
    ),
    torment(
      "influxd",
      () => influx.kill(),
      () =>
        influx.restart().then(
          () => true,
          () => false,
        ),
    ),
  ]);
  return deaths;
}

/** All devices of the site, each at its own pace, each with something that tells its readings apart. */
class Publishers {
  readonly published: Published = new Map();
  closures = 0;
  readonly #signal: AbortSignal;
  readonly #devices: Device[] = [];
  readonly #broker: string;
  #next = Promise.withResolvers<void>();

  constructor(broker: string, signal: AbortSignal) {
    this.#broker = broker;
    this.#signal = signal;
  }

  /** Publishes until the signal is aborted; resolves when everything is acknowledged. */
  async run(): Promise<void> {
    const began = Date.now() - 3_600_000;
    const times = (n: number): { at: number } => ({ at: began + n * 100 });
    await Promise.all([
      this.#numbered("tank-domestic", 15, (n) => ["level", { metres: 1 + n / 10_000, ...times(n) }]),
      this.#numbered("boiler-1", 15, (n) =>
        n % 3 === 0
          ? ["pressure", { kilopascals: 100 + n / 1_000, ...times(n) }]
          : ["temperature", { celsius: 20 + n / 1_000, channel: n % 3 === 1 ? "supply" : "return", ...times(n) }],
      ),
      this.#numbered("screening-gate", 200, (n) => ["count", { total: n, ...times(n) }], 25),
      this.#numbered("reader-lobby", 30, (n) =>
        n % 5 === 0 ? ["status", { uptime_seconds: n, ...times(n) }] : ["tap", { card: card(n), ...times(n) }],
      ),
      // one after the other by the true time: each closure lasts about a second
      this.#numbered("fire-panel", 350, (n) => {
        const channel = ["fire", "fault", "mains"][n % 3] as string;
        const closed = Math.floor(n / 3) % 2 === 1;
        if (channel === "fire" && closed) this.closures += 1;
        return ["contact", { channel, closed, at: Date.now() }];
      }),
      this.#plain("tank-fire", "level", 50, (n) => ({ metres: 2 + n / 10_000 })),
      this.#plain("reader-floor-2", "tap", 70, (n) => ({ card: card(n) })),
      this.#plain("reader-boiler-room", "tap", 90, (n) => ({ card: card(n), age: n })),
    ]);
  }

  /** Resolves at the next PUBACK. */
  acknowledgement(): Promise<void> {
    return this.#next.promise;
  }

  stop(): void {
    for (const device of this.#devices) device.end();
  }

  #acknowledged(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** A device of our own, with `boot` and `seq`, which publishes so many at a time. */
  async #numbered(
    name: string,
    pace_ms: number,
    make: (n: number) => readonly [kind: string, payload: Payload],
    burst = 1,
  ): Promise<void> {
    const device = new Device({ broker: this.#broker, device: name });
    this.#devices.push(device);
    const sent: Promise<void>[] = [];
    for (let n = 0; !this.#signal.aborted; n++) {
      const [kind, payload] = make(n);
      this.#note(name, kind, payload);
      sent.push(device.publish(kind, payload).then(() => this.#acknowledged()));
      if (n % burst === burst - 1) await pause(systemClock, pace_ms, this.#signal);
    }
    await Promise.all(sent);
  }

  /** The real mosquitto_pub, which numbers nothing. */
  async #plain(device: string, kind: string, pace_ms: number, make: (n: number) => Payload): Promise<void> {
    const from = { broker: this.#broker, device };
    const sender: LineSender = sendLines(from, `gengfu/v1/${device}/${kind}`, ["-i", `${device}-client`]);
    for (let n = 0; !this.#signal.aborted; n++) {
      const payload = make(n);
      this.#note(device, kind, payload);
      sender.write([JSON.stringify(payload)]);
      await pause(systemClock, pace_ms, this.#signal);
    }
    expect(await sender.end(), device).toEqual({ code: 0, stderr: "" });
  }

  #note(device: string, kind: string, payload: Payload): void {
    const { at, metres, celsius, kilopascals, total, card: uid, uptime_seconds, channel = "-" } = payload;
    const mark = kind === "contact" ? at : (metres ?? celsius ?? kilopascals ?? total ?? uid ?? uptime_seconds);
    const series = `${device} ${kind} ${channel}`;
    let marks = this.published.get(series);
    if (marks === undefined) this.published.set(series, (marks = new Set()));
    marks.add(String(mark));
  }
}

function keyOf(row: ReadingRow): string {
  const { device, kind, channel, value, at } = row;
  const mark = kind === "contact" ? at : (row["card"] ?? row["uptime_seconds"] ?? value);
  return `${device} ${kind} ${channel ?? "-"} ${mark as string | number}`;
}

/** What was published and is not there, and what is there and was not published, or is there too often. */
function differences(published: Published, found: readonly string[]): { missing: string[]; unexpected: string[] } {
  const missing = new Set([...published].flatMap(([series, marks]) => [...marks].map((mark) => `${series} ${mark}`)));
  const unexpected = found.filter((key) => !missing.delete(key));
  return { missing: [...missing], unexpected };
}

function pointOf({ device, kind, channel, seq, at }: ReadingRow): string {
  return `${kind} ${device} ${channel ?? "-"} ${seq} ${at}`;
}

async function pointsOf(influx: Influx): Promise<string[]> {
  const kinds = ["tap", "level", "temperature", "pressure", "contact", "count", "status"];
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const points = await influx.query(`SELECT seq, device, channel FROM "${kind}"`, { database });
      return points.map(({ seq, device, channel, time }) => {
        return `${kind} ${String(device)} ${String(channel)} ${String(seq)} ${Date.parse(String(time))}`;
      });
    }),
  );
  return found.flat();
}

async function waiting({ api }: Services): Promise<number> {
  const { body } = await api.call("GET", "/notifications");
  const { notifications } = body as { notifications: { state: string; channel: string }[] };
  return notifications.filter(({ state }) => state === "pending").length;
}

function card(n: number): string {
  return `04${n.toString(16).toUpperCase().padStart(8, "0")}`;
}
