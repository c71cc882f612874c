import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const main = join(import.meta.dirname, "../main.ts");

/** Runs the edge's command to its end. */
export async function runEdge(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: code as number | null, stdout, stderr };
}

export interface EdgeProcess {
  readonly child: ChildProcess;
  /** Port of the device broker. */
  readonly port: number;
  /** Everything that it logged, once it has ended. */
  readonly output: Promise<string>;
  /** Ends it, if it still runs; resolves with the exit code, or the signal that it died of. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | string | null>;
}

/** Starts an edge, with more in its environment than there is here, and resolves when it is ready. */
export async function startEdgeProcess(
  config: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<EdgeProcess> {
  const child = spawn(process.execPath, [main, "--config", config], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: { ...process.env, ...environment },
  });
  if (child.stdout === null) throw new Error("no standard output");
  const output = text(child.stdout);
  const ready = once(child, "message") as Promise<[{ ready: boolean; deviceBroker: string }]>;
  const ended = once(child, "exit") as Promise<[number | null, string | null]>;
  const first = await Promise.race([ready, ended.then(() => null)]);
  if (first === null) throw new Error(`the edge did not start: ${await output}`);
  return {
    child,
    port: Number(new URL(first[0].deviceBroker).port),
    output,
    async end(signal) {
      child.kill(signal);
      const [code, diedOf] = await ended;
      return code ?? diedOf;
    },
  };
}
