/** (d) How fast a backlog drains to a real influxd, (e) bytes on the uplink, (c) alarms meanwhile, idle and under load. */
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { startFakeWecom } from "../support/fake-wecom.ts";
import { startInflux, type Influx } from "../support/influxd.ts";
import { percentile, type Section } from "./report.ts";
import { load } from "./run-load.ts";
import { bytesWritten, devicePassword, layOut, residentMB, startCloud, startEdge, type Place } from "./services.ts";

/** Alarms that are measured in each situation. */
const alarms = { idle: 300, loaded: 300, draining: 300 };
const loadRate = 5_000;

export async function backlog(folder: string, readings: number): Promise<Section[]> {
  const influx = await startInflux();
  const wecom = await startFakeWecom();
  const place = await layOut(join(folder, "backlog"), { influxUrl: influx.url, wecomUrl: wecom.url });
  // it is measured as a service that was started before: what is compiled then is kept
  await (await startEdge(place)).stop();
  const edge = await startEdge(place);
  const idleMB = residentMB(edge.pid);
  const alarm = await alarmBell(place.devicePort, wecom);
  try {
    console.log(`  gathering a backlog of ${readings} without a cloud`);
    const before = bytesWritten(edge.pid);
    const gathered = await load({ port: place.devicePort, connections: 100, window: 10, messages: readings });
    const bytesEach = (bytesWritten(edge.pid) - before) / gathered.messages;
    const gatheredMB = residentMB(edge.pid);

    console.log("  draining");
    const started = performance.now();
    const cloud = await startCloud(place);
    const draining: number[] = [];
    const drained = arrived(influx, gathered.messages).then(() => (performance.now() - started) / 1_000);
    // the gateway comes back by itself; alarms are measured from its first acknowledgement on
    await arrived(influx, 1);
    const progress = { isDone: false };
    void drained.then(() => (progress.isDone = true));
    while (!progress.isDone && draining.length < alarms.draining) draining.push(await alarm.ring());
    const seconds = await drained;

    console.log("  alarms, idle");
    const idle: number[] = [];
    for (let count = 0; count < alarms.idle; count++) idle.push(await alarm.ring());

    console.log(`  alarms under ${loadRate} readings a second`);
    const loadRun = load({
      port: place.devicePort,
      connections: 50,
      window: 0,
      messages: loadRate * 20,
      rate: loadRate,
    });
    const loaded: number[] = [];
    for (let count = 0; count < alarms.loaded; count++) loaded.push(await alarm.ring());
    await loadRun;
    await alarm.end();
    await edge.stop();
    const loadedMB = await loadedMemory(place);
    await cloud.stop();
    return [
      {
        title: "Alarm latency, from a contact's publish to the WeCom POST",
        command: "npm run bench -- backlog",
        rows: [
          latencyRow("idle", idle, 50),
          latencyRow(`under ${loadRate} readings a second`, loaded, 100),
          latencyRow("while the backlog drains", draining, 100),
        ],
        notes: [
          "From `publish` in the client of the measuring process to the POST's arrival at the fake server in the same process.",
        ],
      },
      {
        title: `A backlog of ${readings / 1e6} million`,
        command: "npm run bench -- backlog",
        rows: [
          {
            what: "drained to influxd, the cloud's start included",
            value: `${seconds.toFixed(1)} s, ${(gathered.messages / seconds / 1_000).toFixed(1)}k readings a second`,
            target: "under 60 s for a million",
            reached: (seconds / gathered.messages) * 1e6 < 60,
          },
        ],
        notes: [],
      },
      {
        title: "Footprint of the edge",
        command: "npm run bench -- backlog",
        rows: [
          {
            what: "resident memory, idle",
            value: `${idleMB.toFixed(0)} MB`,
            target: "under 110 MB",
            reached: idleMB < 110,
          },
          {
            what: `resident memory under ${loadRate} readings a second`,
            value: `${loadedMB.toFixed(0)} MB`,
            target: "under 110 MB",
            reached: loadedMB < 110,
          },
          {
            what: `resident memory after ${readings / 1e6} million as fast as they come, without a cloud`,
            value: `${gatheredMB.toFixed(0)} MB`,
            target: "",
            reached: null,
          },
          {
            what: "bytes written to disk for each reading at full load",
            value: bytesEach.toFixed(0),
            target: "under 500",
            reached: bytesEach < 500,
          },
        ],
        notes: [],
      },
    ];
  } finally {
    await edge.stop();
    await wecom.stop();
    await influx.stop();
  }
}

/** A fresh edge, connected to the cloud, at the end of some seconds of load. */
async function loadedMemory(place: Place): Promise<number> {
  const edge = await startEdge(place);
  try {
    await load({ port: place.devicePort, connections: 50, window: 0, messages: loadRate * 10, rate: loadRate });
    return residentMB(edge.pid);
  } finally {
    await edge.stop();
  }
}

function latencyRow(what: string, samples: readonly number[], target_ms: number) {
  const p99 = percentile(samples, 99);
  const most = Math.max(...samples);
  return {
    what: `${what} (${samples.length} alarms)`,
    value: `p50 ${percentile(samples, 50).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, most ${most.toFixed(1)} ms`,
    target: `p99 within ${target_ms} ms, none above 1 s`,
    reached: p99 <= target_ms && most <= 1_000,
  };
}

/** A fire contact that is closed and opened again; `ring` resolves with the milliseconds from publish to POST. */
async function alarmBell(port: number, wecom: Awaited<ReturnType<typeof startFakeWecom>>) {
  const user = "d99";
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    username: user,
    password: devicePassword,
    protocolVersion: 4,
  });
  const say = (closed: boolean): Promise<unknown> =>
    client.publishAsync(`gengfu/v1/${user}/contact`, JSON.stringify({ channel: "fire", closed }), { qos: 1 });
  return {
    async ring(): Promise<number> {
      const heard = wecom.requests.length;
      const started = performance.now();
      void say(true);
      const delay_ms = await new Promise<number>((resolve) => {
        const look = (): void => {
          const request = wecom.requests[heard];
          if (request === undefined) setImmediate(look);
          else resolve(performance.now() - started);
        };
        look();
      });
      await say(false);
      return delay_ms;
    },
    end: () => client.endAsync(),
  };
}

/** Resolves once influxd holds so many temperatures. */
async function arrived(influx: Influx, count: number): Promise<void> {
  for (;;) {
    const rows = await influx.query('SELECT count("value") FROM "temperature"', { database: "bench" }).catch(() => []);
    if (Number(rows[0]?.["count"] ?? 0) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
