/** The peers that the benchmarks measure beside Gengfu, each a real process on a free port with a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export async function answering(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const up = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function peer(name: string, port: number, child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Peer {
  return {
    name,
    port,
    pid: child.pid as number,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, "exit");
    },
  };
}

/** Debian's mosquitto with persistence, which saves every 1,800 s and does not sync. */
export async function startMosquitto(folder: string): Promise<Peer> {
  const port = await freePort();
  const data = join(folder, "mosquitto");
  mkdirSync(data, { recursive: true });
  const config = join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${data}/\n` +
      "max_inflight_messages 0\nmax_queued_messages 0\nlog_type error\nuser root\n",
  );
  const child = spawn("mosquitto", ["-c", config], { stdio: "ignore" });
  await answering(port, child);
  return peer("mosquitto, persistence on, nothing synced", port, child);
}

/** aedes as it comes: it keeps nothing. */
export async function startBareAedes(): Promise<Peer> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, "bare-aedes.ts"), String(port)], {
    stdio: "ignore",
  });
  await answering(port, child);
  return peer("bare aedes, nothing kept", port, child);
}
