import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGatewayRegistry } from "@gengfu/cloud/gateways/gateway-registry";
import { cloudBlockCodec } from "@gengfu/cloud/ingress/cloud-block-codec";
import { createIngress } from "@gengfu/cloud/ingress/ingress";
import { Ledger, ledgerConsumer } from "@gengfu/cloud/ledger/ledger";
import { readingWith } from "@gengfu/cloud/stores/contract";
import { openEmbeddedStore } from "@gengfu/cloud/stores/embedded/embedded-store";
import { InfluxStore } from "@gengfu/cloud/stores/influx/influx-store";
import { influxSettings } from "@gengfu/cloud/stores/influx/settings";
import { createWriter } from "@gengfu/cloud/writer/writer";
import { encodeBatch } from "@gengfu/shared/codec/batch";
import { listenSchema } from "@gengfu/shared/config/listen";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { systemClock } from "@gengfu/shared/time/clock";
import { uplinkTopics } from "@gengfu/shared/uplink-protocol";
import { startInflux, type Influx } from "../support/influxd.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const gateway = "main-building";
const facts = {
  sites: ["yitong-court"],
  siteOf: () => "yitong-court",
  tap: () => ({ checkpoint: null, guard: null, guardName: null }),
};
const start = Date.UTC(2026, 2, 1);

describe.skipIf(lacks("influxd"))("the cloud's data path, from a gateway's publish to both stores", () => {
  let folder: string;
  let influx: Influx;
  let path: DataPath;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-path-"));
    influx = await startInflux();
    path = await startDataPath(folder, influx.url);
  });
  afterEach(async () => {
    await path.stop();
    await influx.stop();
    rmSync(folder, { recursive: true });
  });

  const inInflux = async (): Promise<number> => {
    const [row] = await influx.query("SELECT count(seq) FROM level", { database: "gengfu" });
    return Number(row?.["count"] ?? 0);
  };
  const inEmbedded = async (): Promise<number> => (await path.embedded.readings({ limit: 100_000 })).length;

  it("keeps every acknowledged reading once, while InfluxDB is killed and the cloud restarts", async () => {
    const total = 6_000;
    await path.send(1, 2_000);
    await until("the first readings in InfluxDB", async () => (await inInflux()) === 2_000);
    await influx.kill();
    await path.send(2_001, 4_000);
    await until("the embedded store to go on", async () => (await inEmbedded()) === 4_000);
    await until("the writer to notice", () => path.toInflux.stats().trouble !== null);
    expect(path.toInflux.stats().lag.samples).toBe(2_000);
    await path.stop();
    path = await startDataPath(folder, influx.url);
    await influx.restart();
    // the gateway saw no acknowledgement of its last batches, as far as it knows
    await path.send(3_001, total);
    await until("all readings in InfluxDB", async () => (await inInflux()) === total, { within_ms: 60_000 });
    await until("all readings in the embedded store", async () => (await inEmbedded()) === total);
    expect(path.toInflux.stats()).toMatchObject({ breaker: "closed", trouble: null, lag: { events: 0, samples: 0 } });
    expect(path.ledger.view(gateway)).toMatchObject({ received: [[1, total]], missing: [] });
    const seqs = (await path.embedded.readings({ limit: 100_000 })).map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(total);
  });

  it("fills a store that was lost from what the log still has, and changes nothing in the other", async () => {
    await path.send(1, 500);
    await until("the readings in InfluxDB", async () => (await inInflux()) === 500);
    await influx.query("DROP DATABASE gengfu");
    await path.stop();
    for (const suffix of ["", "-wal"]) rmSync(join(folder, `store.db${suffix}`), { force: true });
    path = await startDataPath(folder, influx.url);
    await until("the embedded store to be whole again", async () => (await inEmbedded()) === 500);
    await path.send(501, 600);
    await until("the new readings in InfluxDB", async () => (await inInflux()) === 100);
  });
});

interface DataPath {
  readonly embedded: ReturnType<typeof openEmbeddedStore>;
  readonly ledger: Ledger;
  readonly toInflux: ReturnType<typeof createWriter>;
  /** Publishes readings from..to in batches of a hundred and awaits every acknowledgement. */
  send(from: number, to: number): Promise<void>;
  stop(): Promise<void>;
}

async function startDataPath(folder: string, url: string): Promise<DataPath> {
  const common = { clock: systemClock, logger: silentLogger };
  const log = openSqliteLog<StoredReading>({
    ...common,
    file: join(folder, "log.db"),
    codec: cloudBlockCodec,
    consumers: [ledgerConsumer, "store", "influx"],
    tail_entries: 100_000,
  });
  const embedded = openEmbeddedStore({
    ...common,
    file: join(folder, "store.db"),
    age_max_ms: Number.MAX_SAFE_INTEGER,
  });
  const ledger = new Ledger({ ...common, log, file: join(folder, "ledger.db") });
  const gateways = [{ id: gateway, secret: "demo" }];
  const registry = createGatewayRegistry({ ...common, gateways, ledger, file: join(folder, "gateways.json") });
  const influx = new InfluxStore(influxSettings.parse({ url, database: "gengfu", timeout: "2s" }), facts);
  const ingress = createIngress({
    ...common,
    listen: listenSchema("the uplink", 0).parse({}),
    gateways,
    quarantineFile: join(folder, "quarantine.db"),
    log,
    ledger,
    registry,
  });
  await ledger.start();
  await registry.start();
  const writing = { ...common, log, random: () => 0.1, batch_max: 1_000, age_max_ms: 50 };
  const toEmbedded = createWriter({ ...writing, consumer: "store", store: embedded });
  const toInflux = createWriter({ ...writing, consumer: "influx", store: influx });
  const ending = new AbortController();
  const runs = [toEmbedded.run(ending.signal), toInflux.run(ending.signal)];
  const { port } = await ingress.start();
  const client: MqttClient = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    username: gateway,
    password: "demo",
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  return {
    embedded,
    ledger,
    toInflux,
    async send(from, to) {
      const sends: Promise<unknown>[] = [];
      for (let first = from; first <= to; first += 100) {
        const readings = Array.from({ length: Math.min(100, to - first + 1) }, (_, index) =>
          readingWith({ gateway, seq: first + index, at: start + (first + index) * 10, value: first + index }),
        );
        const body = Buffer.from(encodeBatch({ gateway, epoch: 7 }, readings));
        sends.push(client.publishAsync(uplinkTopics.batch(gateway, "samples"), body, { qos: 1 }));
      }
      await Promise.all(sends);
    },
    async stop() {
      client.end(true);
      await ingress.stop();
      ending.abort();
      await Promise.all(runs);
      await registry.stop();
      await ledger.stop();
      await log.close();
      await embedded.close();
      await influx.close();
    },
  };
}
