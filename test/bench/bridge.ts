/**
 * A Mosquitto bridge as many sites use it: a broker on site, one in the cloud, and what writes from there to InfluxDB.
 * The writer is as lean as can be, so that the bridge is what is measured: no validation, nothing kept.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answering, freePort, peer, type Peer } from "./peers.ts";

export interface Bridge {
  /** Where devices publish. */
  readonly site: Peer;
  stop(): Promise<void>;
}

const common = "allow_anonymous true\nmax_inflight_messages 0\nlog_type error\nuser root\n";

/** `queued_max` is `max_queued_messages` of both brokers; 0 for no bound, mosquitto's own default is 1,000. */
export async function startBridge(folder: string, influxUrl: string, queued_max: number): Promise<Bridge> {
  const cloud = await startBroker(join(folder, "cloud"), `${common}max_queued_messages ${queued_max}\n`);
  const connection = [
    "connection cloud",
    `address 127.0.0.1:${cloud.port}`,
    "topic gengfu/# out 1",
    "cleansession false",
    "notifications false",
    "try_private true",
  ];
  const config = `${common}max_queued_messages ${queued_max}\n${connection.join("\n")}\n`;
  const site = await startBroker(join(folder, "site"), config);
  const writer = fork(join(import.meta.dirname, "bridge-writer.ts"), [String(cloud.port), influxUrl], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(writer, "message");
  return {
    site,
    async stop() {
      await peer("writer", 0, writer, "SIGKILL").stop();
      await site.stop();
      await cloud.stop();
    },
  };
}

async function startBroker(folder: string, settings: string): Promise<Peer> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `listener ${port} 127.0.0.1\npersistence true\npersistence_location ${folder}/\n${settings}`);
  const child: ChildProcess = spawn("mosquitto", ["-c", file], { stdio: "ignore" });
  await answering(port, child);
  return peer("mosquitto", port, child);
}
