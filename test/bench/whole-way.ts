/** (b) The whole way from a device's publish to a real influxd, beside Node-RED and a Mosquitto bridge. */
import { join } from "node:path";
import { startInflux, type Influx } from "../support/influxd.ts";
import { startBridge } from "./bridge.ts";
import { startNodeRed } from "./node-red.ts";
import { perSecond, spread, type Section } from "./report.ts";
import { load } from "./run-load.ts";
import { layOut, startCloud, startEdge } from "./services.ts";

const messages = { gengfu: 200_000, nodeRed: 20_000 };
/** How long Node-RED gets before what has arrived is counted: it drops what it can't write in time. */
const patience_ms = 60_000;

export async function wholeWay(folder: string, rounds: number): Promise<Section> {
  const gengfu: number[] = [];
  const nodeRed: number[] = [];
  const bridge: number[] = [];
  let lost = 0;
  let lostByBridge = 0;
  for (let round = 0; round < rounds; round++) {
    gengfu.push(await measureGengfu(join(folder, `way-${round}`)));
    const other = await measureNodeRed(join(folder, `node-red-${round}`));
    nodeRed.push(other.rate);
    lost += other.lost;
    const bridged = await measureBridge(join(folder, `bridge-${round}`));
    bridge.push(bridged.rate);
    lostByBridge += bridged.lost;
    const rates = [gengfu.at(-1) ?? 0, other.rate, bridged.rate].map(perSecond);
    console.log(`  gengfu ${rates[0]}, Node-RED ${rates[1]}, Mosquitto bridge ${rates[2]}`);
  }
  const ratios = gengfu.map((rate, index) => rate / (nodeRed[index] ?? NaN));
  return {
    title: "The whole way, from publish to a real influxd",
    command: "npm run bench -- whole-way",
    rows: [
      { what: "edge and cloud", value: spread(gengfu, perSecond), target: "", reached: null },
      {
        what: "mosquitto and Node-RED (mqtt in, function, influxdb out)",
        value: spread(nodeRed, perSecond),
        target: "",
        reached: null,
      },
      {
        what: "Mosquitto bridge and a lean writer",
        value: spread(bridge, perSecond),
        target: "",
        reached: null,
      },
      {
        what: "ratio to Node-RED",
        value: spread(ratios, (value) => value.toFixed(1)),
        target: "at least 5",
        reached: Math.min(...ratios) >= 5,
      },
      {
        what: "ratio to the Mosquitto bridge",
        value: spread(gengfu.map((rate, index) => rate / (bridge[index] ?? NaN))),
        target: "",
        reached: null,
      },
    ],
    notes: [
      `100 connections with a window of 10; ${messages.gengfu} readings through Gengfu, ${messages.nodeRed} through Node-RED, until the last is in influxd.`,
      `Node-RED acknowledges nothing behind its broker: of its messages ${lost} had not arrived within ${patience_ms / 1_000} s.`,
      `The bridge's brokers queue without a bound, in memory, and sync nothing; behind them a writer of 40 lines that neither validates nor keeps. Of ${rounds * messages.gengfu} acknowledged messages ${lostByBridge} had not arrived.`,
    ],
  };
}

async function measureGengfu(folder: string): Promise<number> {
  const influx = await startInflux();
  const place = await layOut(folder, { influxUrl: influx.url });
  const cloud = await startCloud(place);
  const edge = await startEdge(place);
  try {
    const started = performance.now();
    const sent = await load({ port: place.devicePort, connections: 100, window: 10, messages: messages.gengfu });
    await arrival(influx, sent.messages, Infinity);
    return sent.messages / ((performance.now() - started) / 1_000);
  } finally {
    await edge.stop();
    await cloud.stop();
    await influx.stop();
  }
}

async function measureNodeRed(folder: string): Promise<{ rate: number; lost: number }> {
  const influx = await startInflux();
  await influx.query("CREATE DATABASE bench");
  const { broker, nodeRed } = await startNodeRed(folder, influx.url);
  try {
    // until its subscription stands nothing that is published reaches it
    await subscribed(influx, broker.port);
    const started = performance.now();
    const sent = await load({ port: broker.port, connections: 100, window: 10, messages: messages.nodeRed });
    const arrived = await arrival(influx, sent.messages, patience_ms);
    return { rate: arrived.count / ((arrived.at - started) / 1_000), lost: sent.messages - arrived.count };
  } finally {
    await nodeRed.stop();
    await broker.stop();
    await influx.stop();
  }
}

async function measureBridge(folder: string): Promise<{ rate: number; lost: number }> {
  const influx = await startInflux();
  await influx.query("CREATE DATABASE bench");
  const bridge = await startBridge(folder, influx.url, 0);
  try {
    await subscribed(influx, bridge.site.port);
    const started = performance.now();
    const sent = await load({ port: bridge.site.port, connections: 100, window: 10, messages: messages.gengfu });
    const arrived = await arrival(influx, sent.messages, patience_ms);
    return { rate: arrived.count / ((arrived.at - started) / 1_000), lost: sent.messages - arrived.count };
  } finally {
    await bridge.stop();
    await influx.stop();
  }
}

async function subscribed(influx: Influx, port: number): Promise<void> {
  for (;;) {
    await load({ port, connections: 1, window: 1, messages: 1 });
    if ((await countOf(influx)) > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await influx.query('DROP MEASUREMENT "temperature"', { database: "bench" });
}

/** When so many temperatures were in influxd, or how many and since when no more came. */
async function arrival(influx: Influx, count: number, within_ms: number): Promise<{ count: number; at: number }> {
  const deadline = performance.now() + within_ms;
  let newest = { count: 0, at: performance.now() };
  for (;;) {
    const now = await countOf(influx);
    if (now > newest.count) newest = { count: now, at: performance.now() };
    if (now >= count || performance.now() > deadline) return newest;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function countOf(influx: Influx): Promise<number> {
  const rows = await influx.query('SELECT count("value") FROM "temperature"', { database: "bench" }).catch(() => []);
  return Number(rows[0]?.["count"] ?? 0);
}
