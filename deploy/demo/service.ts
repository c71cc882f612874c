import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock } from "@gengfu/shared/time/clock";
import { nextDelay } from "./backoff.ts";

/** How long a service may take to end before it is killed. */
const patience_ms = 8_000;

export interface ServiceOptions {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
  /** Another process runs it now. */
  readonly onPid: (pid: number) => void;
  /** It ended though nobody asked it to, and is started again after `delay_ms`. */
  readonly onDeath: (how: string, delay_ms: number) => void;
}

type State =
  | { readonly is: "off" }
  | { readonly is: "up" }
  | { readonly is: "down"; readonly cancel: () => void }
  | { readonly is: "ended" };

/** One child process that is started again, at the same place, whenever it dies. */
export class Service {
  readonly #options: ServiceOptions;
  #state: State = { is: "off" };
  #child: ChildProcess | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number | null {
    return this.#state.is === "up" ? (this.#child?.pid ?? null) : null;
  }

  /** Resolves when the service says that it is ready; says how it ended where it died before. */
  start(): Promise<{ ready: true } | { ready: false; how: string }> {
    return new Promise((resolve) => {
      let wasReady = false;
      const child = this.#spawn(undefined, (how) => {
        if (!wasReady) this.#state = { is: "ended" };
        resolve({ ready: false, how });
      });
      child.on("message", (message) => {
        if (!isReadyMessage(message)) return;
        wasReady = true;
        resolve({ ready: true });
      });
    });
  }

  /** Ends it, for good. Resolves when the process is gone, however often it is asked. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const state = this.#state;
    this.#state = { is: "ended" };
    if (state.is === "down") state.cancel();
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(patience_ms, () => child.kill("SIGKILL"));
      child.once("exit", () => {
        cancel();
        resolve();
      });
      child.kill("SIGTERM");
    });
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  #spawn(delay_ms: number | undefined, onEnd?: (how: string) => void): ChildProcess {
    const { file, args, env, clock, onLine, onPid } = this.#options;
    // in a group of its own: Ctrl-C in the terminal is for the demo, which then ends its services in good order
    const child = spawn(process.execPath, [file, ...args], {
      env: { ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    const since = clock.monotonic();
    this.#child = child;
    this.#state = { is: "up" };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", onLine);
    }
    let over = false;
    const end = (how: string): void => {
      if (over) return;
      over = true;
      onEnd?.(how);
      if (this.#state.is === "up") this.#restart(how, nextDelay(delay_ms, clock.monotonic() - since));
    };
    child.once("error", (error) => end(error.message));
    child.once("exit", (code, signal) => end(signal === null ? `exit code ${code}` : signal));
    if (child.pid !== undefined) onPid(child.pid);
    return child;
  }

  #restart(how: string, delay_ms: number): void {
    const cancel = this.#options.clock.after(delay_ms, () => this.#spawn(delay_ms));
    this.#state = { is: "down", cancel };
    this.#options.onDeath(how, delay_ms);
  }
}

function isReadyMessage(message: unknown): boolean {
  return message !== null && typeof message === "object" && "ready" in message && message.ready === true;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
