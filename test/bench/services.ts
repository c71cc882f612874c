/** Gengfu's own services for the benchmarks: real processes, free ports, a folder of their own. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, peer, type Peer } from "./peers.ts";

export const devices = Array.from({ length: 100 }, (_, index) => `d${index}`);
export const devicePassword = "bench";
export const token = "bench-token";

const root = join(import.meta.dirname, "..", "..");

export interface Place {
  readonly folder: string;
  readonly httpPort: number;
  readonly uplinkPort: number;
  readonly devicePort: number;
}

/** A site with 100 devices, and the configurations of its edge and cloud; ports are chosen here. */
export async function layOut(
  folder: string,
  options: { influxUrl?: string; wecomUrl?: string; edge?: readonly string[] } = {},
): Promise<Place> {
  mkdirSync(folder, { recursive: true });
  const place = {
    folder,
    httpPort: await freePort(),
    uplinkPort: await freePort(),
    devicePort: await freePort(),
  };
  const measures = "[{ kind: temperature, channel: supply }, { kind: level }, { kind: contact, channel: fire }]";
  const site = [
    "id: bench",
    "name: Bench",
    "gateways: [{ id: gateway, name: Gateway, secret: gateway }]",
    "devices:",
    ...devices.map((id) => `  - { id: ${id}, name: ${id}, secret: ${devicePassword}, measures: ${measures} }`),
    "rules:",
    "  - { id: fire, name: { zh: 火警, en: Fire }, severity: critical, when: { type: contact, channel: fire } }",
  ];
  writeFileSync(join(folder, "site.yaml"), site.join("\n"));
  const edge = [
    "gateway: gateway",
    "site: site.yaml",
    "data: edge",
    `devices_broker: { port: ${place.devicePort} }`,
    `uplink: { url: "mqtt://127.0.0.1:${place.uplinkPort}" }`,
    ...(options.edge ?? []),
  ];
  writeFileSync(join(folder, "edge.yaml"), edge.join("\n"));
  const cloud = [
    "data: cloud",
    "sites: [site.yaml]",
    `http: { port: ${place.httpPort} }`,
    `uplink: { port: ${place.uplinkPort} }`,
    `tokens: [{ name: bench, token: ${token}, role: admin }]`,
    `influx: { url: "${options.influxUrl ?? ""}", database: bench }`,
    // what stands in for the bot takes more than WeCom's own
    `notifications: { wecom_bot: { url: "${options.wecomUrl ?? ""}", per_minute: 100000 } }`,
  ];
  writeFileSync(join(folder, "cloud.yaml"), cloud.join("\n"));
  return place;
}

async function start(service: "edge" | "cloud", place: Place): Promise<ChildProcess> {
  const main = join(root, service, "src", "main.ts");
  // as the systemd unit runs it
  const env = {
    ...process.env,
    GENGFU_LOG_LEVEL: "error",
    MALLOC_ARENA_MAX: "1",
    NODE_COMPILE_CACHE: join(place.folder, "..", "compile-cache"),
  };
  const execArgv = service === "edge" ? ["--max-old-space-size=320", "--max-semi-space-size=2"] : [];
  const child = fork(main, ["--config", join(place.folder, `${service}.yaml`)], {
    env,
    execArgv,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ready = once(child, "message");
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the ${service} ended with ${String(code)}`);
  });
  await Promise.race([ready, ended]);
  ended.catch(() => undefined);
  return child;
}

export async function startEdge(place: Place): Promise<Peer> {
  const child = await start("edge", place);
  return peer("gengfu edge", place.devicePort, child);
}

export async function startCloud(place: Place): Promise<Peer> {
  return peer("gengfu cloud", place.httpPort, await start("cloud", place));
}

/** Resident memory of a process, MB (10^6 bytes). */
export function residentMB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kilobytes) * 1_024) / 1e6;
}

/** Bytes that a process has sent to the disk so far. */
export function bytesWritten(pid: number): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}
