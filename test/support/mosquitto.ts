import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { need } from "./tools.ts";

/** How long a real client may take before it counts as hanging. */
const patience_ms = 60_000;

export interface Sender {
  /** As in `mqtt://127.0.0.1:1883`. */
  readonly broker: string;
  readonly device: string;
  readonly secret?: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
}

/** Publishes with the real `mosquitto_pub`; the result says how it ended, null where it went on until it was stopped. */
export function publish(
  from: Sender,
  topic: string,
  payload: string | Buffer,
  { stop_after_ms = patience_ms }: { stop_after_ms?: number } = {},
): Promise<Outcome> {
  const { stdin, outcome } = start([...signOn(from), "-t", topic, "-s"], stop_after_ms);
  stdin.end(payload);
  return outcome;
}

export interface LineSender {
  /** Publishes one message for each line, as soon as the broker takes it. */
  write(lines: readonly string[]): void;
  /** No more lines: resolves when all are acknowledged, which may take a reconnection or two. */
  end(): Promise<Outcome>;
  /** Ends it whatever it is at: one that finds no broker any more would go on looking for it. */
  kill(): void;
}

/** One connection of the real `mosquitto_pub -l` that publishes what it is given at QoS 1, and reconnects by itself. */
export function sendLines(from: Sender, topic: string, more: string[] = []): LineSender {
  const { stdin, outcome, kill } = start([...signOn(from), "-t", topic, "-l", ...more]);
  return {
    write(lines) {
      stdin.write(lines.map((line) => `${line}\n`).join(""));
    },
    end() {
      stdin.end();
      return outcome;
    },
    kill,
  };
}

/** A reading in the contract's own form. */
export function publishReading(from: Sender, kind: string, payload: Record<string, unknown>): Promise<Outcome> {
  return publish(from, `gengfu/v1/${from.device}/${kind}`, JSON.stringify(payload));
}

/** Listens with the real `mosquitto_sub` until `count` messages came or `within_s` passed; gives their payloads. */
export async function subscribe(from: Sender, topic: string, count: number, within_s: number): Promise<Subscription> {
  const args = [...signOn(from), "-t", topic, "-C", String(count), "-W", String(within_s), "-d", "-F", "%t %p"];
  // into a pipe it would write what it says in blocks, and when it has subscribed would not be known in time
  const child = spawn("stdbuf", ["-oL", need("mosquitto_pub").replace(/mosquitto_pub$/, "mosquitto_sub"), ...args]);
  let output = "";
  const listening = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("SUBACK")) resolve();
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`mosquitto_sub ended before it listened: ${output}`)));
  });
  const messages = new Promise<string[]>((resolve) => {
    child.once("close", () => resolve(output.split("\n").filter((line) => line.startsWith("gengfu/"))));
  });
  await listening;
  return { messages };
}

export interface Subscription {
  /** `topic payload` of each message; resolves when the count is reached or the time is up. */
  readonly messages: Promise<string[]>;
}

function signOn({ broker, device, secret = "demo" }: Sender): string[] {
  const { hostname, port } = new URL(broker);
  return ["-h", hostname, "-p", port, "-V", "mqttv311", "-u", device, "-P", secret, "-q", "1"];
}

interface Client {
  readonly stdin: Writable;
  readonly outcome: Promise<Outcome>;
  readonly kill: () => void;
}

function start(args: string[], stop_after_ms = patience_ms): Client {
  const child = spawn(need("mosquitto_pub"), args, { timeout: stop_after_ms });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    let stderr = "";
    child.stdout.resume();
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stderr: stderr.trim() }));
  });
  // a client that was refused closes its end; that shows in its exit code
  child.stdin.on("error", () => undefined);
  return { stdin: child.stdin, outcome, kill: () => void child.kill() };
}
