/** (f) Bytes that a gateway with fifty sensors writes to its card in a day. */
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { median, spread, type Section } from "./report.ts";
import { load } from "./run-load.ts";
import { bytesWritten, devicePassword, devices, layOut, startCloud, startEdge, type Place } from "./services.ts";

/** Fifty sensors that report every ten seconds. */
const site = { sensors: 50, perSecond: 5, events: 300 };
const writeEvery_s = 600;
const day_s = 86_400;
const target_MB = 50;

/**
 * What is written in ten minutes comes here in twenty seconds, so that each write to the disk is one of a real day; the
 * hundred devices are there since none may send more often than twice a second if its samples are to wait.
 */
const shortened_s = 20;
const rate = (site.perSecond * writeEvery_s) / shortened_s;
const rounds_max = 3;
const events = 20;
/** Without waiting each reading is a write, so that real time will do. */
const synced_s = 20;

export async function disk(folder: string, rounds: number): Promise<Section> {
  const waiting = await measureWaiting(join(folder, "disk"), Math.min(rounds, rounds_max));
  const synced = await measureSynced(join(folder, "disk-synced"));
  const MB = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const writes = day_s / writeEvery_s;
  const perDay = waiting.each.map((bytes) => bytes * writes + waiting.event * site.events);
  return {
    title: "Bytes written to a gateway's disk in a day",
    command: "npm run bench -- disk",
    rows: [
      {
        what: `${site.sensors} sensors, ${site.perSecond} readings/s, ${site.events} events: MB a day`,
        value: spread(perDay, MB),
        target: `under ${target_MB}`,
        reached: median(perDay) < target_MB * 1e6,
      },
      { what: "one write of ten minutes' samples, kB", value: spread(waiting.each, kB), target: "", reached: null },
      { what: "one event, at once, kB", value: kB(waiting.event), target: "", reached: null },
      {
        what: "with `samples_wait: false`: MB a day",
        value: MB(synced.perSecond * day_s),
        target: "",
        reached: null,
      },
    ],
    notes: [
      `Bytes of /proc/PID/io of the whole edge process. Ten minutes' samples (${site.perSecond * writeEvery_s}) came in ` +
        `${shortened_s} s and were written once, with \`write_every: ${shortened_s}s\`: each write is as large as in a day, ` +
        `of which there are ${writes}. What the file system adds for its own journal is not in it.`,
      "On a machine so busy that the cloud takes more than a second to acknowledge, samples don't wait, and a round shows that.",
    ],
  };
}

const kB = (bytes: number): string => (bytes / 1e3).toFixed(1);

async function measureWaiting(folder: string, rounds: number): Promise<{ each: number[]; event: number }> {
  const place = await layOut(folder, { edge: [`log: { write_every: ${shortened_s}s }`] });
  const cloud = await startCloud(place);
  const edge = await startEdge(place);
  try {
    // until the cloud has acknowledged for a while nothing waits
    await send(place, rate, shortened_s);
    await quiet();
    const each: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = bytesWritten(edge.pid);
      await send(place, rate, shortened_s);
      await quiet();
      each.push(bytesWritten(edge.pid) - before);
      console.log(`  ${kB(each.at(-1) ?? 0)} kB`);
    }
    const before = bytesWritten(edge.pid);
    await sendEvents(place);
    return { each, event: (bytesWritten(edge.pid) - before) / events };
  } finally {
    await edge.stop();
    await cloud.stop();
  }
}

async function measureSynced(folder: string): Promise<{ perSecond: number }> {
  const place = await layOut(folder, { edge: ["log: { samples_wait: false }"] });
  const cloud = await startCloud(place);
  const edge = await startEdge(place);
  try {
    await send(place, site.perSecond, 2);
    const before = bytesWritten(edge.pid);
    await send(place, site.perSecond, synced_s);
    return { perSecond: (bytesWritten(edge.pid) - before) / synced_s };
  } finally {
    await edge.stop();
    await cloud.stop();
  }
}

async function send({ devicePort: port }: Place, perSecond: number, seconds: number): Promise<void> {
  const connections = Math.min(devices.length, perSecond);
  await load({ port, connections, window: 0, messages: perSecond * seconds, rate: perSecond });
}

/** Contacts that change, each known to be on the disk before the next. */
async function sendEvents({ devicePort }: Place): Promise<void> {
  const device = devices[0] as string;
  const client = await connectAsync(`mqtt://127.0.0.1:${devicePort}`, { username: device, password: devicePassword });
  for (let index = 0; index < events; index++) {
    const payload = JSON.stringify({ closed: index % 2 === 0, channel: "fire" });
    await client.publishAsync(`gengfu/v1/${device}/contact`, payload, { qos: 1 });
  }
  await client.endAsync();
}

/** What waits is written by then. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, (shortened_s + 2) * 1_000));
}
