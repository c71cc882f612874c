import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFailed, onTestFinished } from "vitest";
import { Api } from "./api.ts";
import { isAlive, processesWith } from "./processes.ts";
import { until } from "./until.ts";

export const root = join(import.meta.dirname, "..", "..");
const main = join(root, "deploy", "demo", "main.ts");
const freePorts = ["--http-port", "0", "--device-port", "0", "--uplink-port", "0"];

/** How long the demo may take to be ready, on a busy machine. */
const ready_within_ms = 60_000;
/** How much of each log a failed test shows. */
const dumpedLines = 40;

export interface Endpoints {
  readonly console: string;
  readonly api: string;
  readonly token: string;
  readonly deviceBroker: string;
  readonly uplinkBroker: string;
  readonly pids: { readonly edge: number; readonly cloud: number; readonly simulator: number | null };
}

export interface DemoOptions {
  /** Environment beside the test's own, such as `INFLUX_URL`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further options; `--no-simulator` unless `simulator` is true. */
  readonly args?: readonly string[];
  readonly simulator?: boolean;
  /** By way of `npm start`, as people do it. */
  readonly npm?: boolean;
  /** A data folder of an earlier run; a new one by default. */
  readonly folder?: string;
}

/** The whole product as `npm start` runs it, in processes of its own, with free ports and a folder that goes away. */
export class Demo {
  readonly folder: string;
  readonly #options: DemoOptions;
  #process: ChildProcess | undefined;
  #output = "";
  #hasSpoken = false;

  constructor(options: DemoOptions = {}) {
    this.#options = options;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), "gengfu-whole-"));
  }

  get data(): string {
    return join(this.folder, "data");
  }

  /** What it printed so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Read anew each time: the pids change when a service is restarted. */
  get endpoints(): Endpoints {
    return JSON.parse(readFileSync(join(this.data, "endpoints.json"), "utf8")) as Endpoints;
  }

  get api(): Api {
    const { api, token } = this.endpoints;
    return new Api(api, token);
  }

  async start(): Promise<this> {
    const child = this.spawn();
    await until(
      "the demo to be ready",
      () => {
        if (hasEnded(child)) return true;
        // a demo that was killed leaves its endpoints.json behind: this one's is meant
        return this.#output.includes("Gengfu is ready") && this.endpoints;
      },
      { within_ms: ready_within_ms, lastSeen: () => this.#output.slice(-2_000) },
    );
    if (hasEnded(child)) throw new Error(`the demo ended with ${child.exitCode}:\n${this.#output.slice(-2_000)}`);
    return this;
  }

  /** Starts it without waiting for anything. */
  spawn(): ChildProcess {
    const { env = {}, args = [], simulator = false, npm = false } = this.#options;
    const options = ["--data", this.data, ...freePorts, ...(simulator ? [] : ["--no-simulator"]), ...args];
    const [program, ...before] = npm ? ["npm", "start", "--"] : [process.execPath, main];
    const child = spawn(program, [...before, ...options], {
      cwd: root,
      env: { ...withoutChannels(process.env), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    this.#process = child;
    return child;
  }

  /** Its exit code once it has ended of itself or by a signal that the test sent. */
  async ended(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined) throw new Error("it was never started");
    await until("the demo to end", () => hasEnded(child), { lastSeen: () => this.#output.slice(-2_000) });
    return child.exitCode;
  }

  /** Kills a service as a power cut would, and waits until another process does its work. */
  async kill(service: "edge" | "cloud" | "simulator"): Promise<void> {
    const before = this.endpoints.pids[service];
    if (before === null) throw new Error(`there is no ${service}`);
    process.kill(before, "SIGKILL");
    await until(`the ${service} to be started again`, () => {
      const now = this.endpoints.pids[service];
      return now !== null && now !== before && isAlive(now);
    });
  }

  /** What a service logged so far. */
  log(service: string): string {
    return readFileSync(join(this.data, "logs", `${service}.log`), "utf8");
  }

  /** The processes of this demo: those that know its folder. */
  processes(): { pid: number; command: string }[] {
    return processesWith(this.data);
  }

  /** Ends it as Ctrl-C does; the data folder stays. */
  async stop(): Promise<number | null> {
    if (this.#process === undefined) return null;
    if (!hasEnded(this.#process)) this.#process.kill("SIGTERM");
    return this.ended();
  }

  /** Ends it and removes the data folder. Whatever is left of it is killed. */
  async remove(): Promise<void> {
    try {
      await this.stop();
    } finally {
      for (const { pid } of this.processes()) process.kill(pid, "SIGKILL");
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  }

  /** What the demo and its services said last, for the report of a failed test. */
  lastWords(): string {
    if (this.#hasSpoken) return "(what the demo said is shown above)";
    this.#hasSpoken = true;
    const logs = ["cloud", "edge", "simulator"]
      .filter((name) => existsSync(join(this.data, "logs", `${name}.log`)))
      .map((name) => `--- ${name}\n${tail(this.log(name))}`);
    return [`--- terminal\n${tail(this.#output)}`, ...logs].join("\n");
  }
}

/** A demo for one test: ready when this returns, gone when the test is over, and talkative if it failed. */
export async function runDemo(options: DemoOptions = {}): Promise<Demo> {
  const demo = new Demo(options);
  onTestFinished(() => demo.remove());
  showOnFailure(demo);
  return demo.start();
}

/** Call it in a test or in `beforeEach`: what the demo said is shown if the test fails. */
export function showOnFailure(demo: Demo): void {
  onTestFailed(() => console.error(demo.lastWords()));
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A developer's own channels and stores are no part of a test. */
function withoutChannels(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(INFLUX|WECOM|ALIYUN|TENCENT|GENGFU|NODE_OPTIONS)/.test(name)),
  );
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-dumpedLines).join("\n");
}
