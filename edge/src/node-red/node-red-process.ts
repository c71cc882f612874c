import { fork, type ChildProcess } from "node:child_process";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { messageOf } from "@gengfu/shared/errors";
import type { Clock } from "@gengfu/shared/time/clock";
import { environmentName, fromNodeRed, type FromNodeRed, type NodeRedSettings, type ToNodeRed } from "./protocol.ts";

/** The editor of a large installation takes a while on a small board. */
const start_timeout_ms = 60_000;
const ping_ms = 1_000;
const stop_timeout_ms = 3_000;
/** Below the gateway's own: what flows reckon with takes the processor only when nothing else wants it. */
const niceness = 10;
const lastWords_max = 20;

export interface NodeRedProcessOptions {
  /** Node-RED's own `red.js`. */
  readonly program: string;
  readonly settingsModule: string;
  readonly settings: NodeRedSettings;
  readonly memory_mebibytes: number;
  readonly unresponsive_after_ms: number;
  /** Whether the flows are loaded but not started. */
  readonly safe: boolean;
  readonly hear: (message: Exclude<FromNodeRed, { type: "pong" }>) => void;
  readonly clock: Clock;
}

/** One run of Node-RED, in a process of its own: whatever its flows do, the gateway goes on. */
export class NodeRedProcess {
  /** Resolves when it has ended, with why. */
  readonly ended: Promise<string>;
  readonly #options: NodeRedProcessOptions;
  readonly #child: ChildProcess;
  readonly #lastWords: string[] = [];
  #deadline_ms: number;
  #pings = 0;
  #cancelPing: (() => void) | null = null;
  #verdict: string | null = null;

  constructor(options: NodeRedProcessOptions) {
    const { program, settingsModule, settings, memory_mebibytes, safe, clock } = options;
    this.#options = options;
    this.#deadline_ms = clock.monotonic() + start_timeout_ms;
    // of the gateway's environment nothing is handed on, since secrets are in there
    const env = Object.fromEntries(
      ["PATH", "LANG", "TZ"].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    const wanted = ["--settings", settingsModule, "--userDir", settings.userDir, ...(safe ? ["--safe"] : [])];
    this.#child = fork(program, wanted, {
      cwd: settings.userDir,
      env: { ...env, HOME: settings.userDir, NODE_ENV: "production", [environmentName]: JSON.stringify(settings) },
      execArgv: [`--max-old-space-size=${memory_mebibytes}`],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.on("message", (message) => this.#hear(message));
    if (this.#child.stderr !== null) {
      createInterface(this.#child.stderr).on("line", (line) => {
        this.#lastWords.push(line.slice(0, 200));
        if (this.#lastWords.length > lastWords_max) this.#lastWords.shift();
      });
    }
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#cancelPing?.();
        resolve(this.#verdict ?? reason);
      };
      this.#child.once("error", (error) => end(messageOf(error)));
      this.#child.once("close", (code, signal) => {
        const said = this.#lastWords.find((line) => /error|heap/i.test(line)) ?? this.#lastWords.at(-1) ?? "";
        end(`it ended with ${signal ?? code}${said === "" ? "" : `: ${said}`}`);
      });
    });
    if (this.#child.pid !== undefined) lower(this.#child.pid);
    this.#ping();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** `taken` is called once the message has left this process. */
  send(message: ToNodeRed, taken: () => void = () => undefined): void {
    if (this.#child.connected) this.#child.send(message, () => taken());
  }

  async stop(): Promise<void> {
    this.#verdict ??= "it was stopped";
    this.#child.kill("SIGTERM");
    const cancel = this.#options.clock.after(stop_timeout_ms, () => this.#child.kill("SIGKILL"));
    await this.ended;
    cancel();
  }

  #hear(message: unknown): void {
    const known = fromNodeRed.safeParse(message).data;
    if (known === undefined) return;
    if (known.type === "pong")
      this.#deadline_ms = this.#options.clock.monotonic() + this.#options.unresponsive_after_ms;
    else this.#options.hear(known);
  }

  /** A process that is busy answers late; one in an endless loop never. */
  #ping(): void {
    const { clock, unresponsive_after_ms } = this.#options;
    if (clock.monotonic() >= this.#deadline_ms) {
      this.#verdict = `it answered nothing for ${Math.round(unresponsive_after_ms / 1_000)} s, as in an endless loop`;
      this.#child.kill("SIGKILL");
      return;
    }
    this.send({ type: "ping", n: (this.#pings += 1) });
    this.#cancelPing = clock.after(ping_ms, () => this.#ping());
  }
}

function lower(pid: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // it is gone already, or the system does not let it: then it runs as the gateway does
  }
}
