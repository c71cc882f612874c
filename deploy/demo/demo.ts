import { once } from "node:events";
import { join, resolve } from "node:path";
import type { Site } from "@gengfu/shared/model/site";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { checkConfiguration, demoEnvironment, files } from "./configuration.ts";
import { buildConsole, consoleIsStale } from "./console-build.ts";
import { DataFolder, type Endpoints } from "./data-folder.ts";
import { greeting } from "./greeting.ts";
import { LogFile } from "./log-file.ts";
import type { DemoOptions } from "./options.ts";
import { lastWords, plainWords } from "./plain-words.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { Refusal } from "./refusal.ts";
import { Service } from "./service.ts";

const root = join(import.meta.dirname, "..", "..");
/** How long the services of a demo that was killed may take to notice. */
const leftovers = { patience_ms: 10_000, every_ms: 100 } as const;
/** How many of a service's last lines are kept, for when it can't start. */
const rememberedLines = 30;

type ServiceName = "cloud" | "edge" | "simulator";

/** The demo: cloud, edge and simulated devices of one data folder. */
export class Demo {
  readonly #options: DemoOptions;
  readonly #folder: DataFolder;
  readonly #services = new Map<ServiceName, Service>();
  readonly #stop = new AbortController();
  #endpoints: Omit<Endpoints, "pids"> | undefined;
  #announced = false;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#folder = new DataFolder(resolve(options.data));
  }

  /** Runs until it is told to stop. Throws `Refusal` or `ConfigError` where it can't start; then nothing is left running. */
  async run(): Promise<void> {
    const site = checkConfiguration(this.#environment(this.#options.ports, "unchecked"), this.#options.site);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const onSignal = (): void => this.#onSignal();
    for (const signal of signals) process.on(signal, onSignal);
    try {
      await this.#runClaimed(site);
    } finally {
      for (const signal of signals) process.off(signal, onSignal);
    }
  }

  async #runClaimed(site: Site): Promise<void> {
    if (!this.#folder.claim()) {
      const other = this.#folder.endpoints();
      throw new Refusal(
        `另一个更夫正在使用 ${this.#folder.path}${other === undefined ? "" : `（${other.console}）`}。\n` +
          `Another Gengfu uses ${this.#folder.path}. Stop it first, or choose another folder with --data DIR.`,
      );
    }
    const logs: LogFile[] = [];
    try {
      await this.#awaitLeftovers();
      const chosen = await choosePorts(this.#options.ports);
      if ("mistakes" in chosen) throw new Refusal(chosen.mistakes.join("\n"));
      await prepareConsole();
      await this.#startAll(chosen.ports, logs);
      if (this.#stop.signal.aborted) return;
      this.#announce(site);
      await once(this.#stop.signal, "abort");
    } finally {
      await Promise.all([...this.#services.values()].map((service) => service.stop()));
      for (const log of logs) log.close();
      this.#folder.release();
    }
  }

  async #startAll(ports: Ports, logs: LogFile[]): Promise<void> {
    const token = this.#folder.token();
    const api = `http://127.0.0.1:${ports.http}`;
    this.#endpoints = {
      console: `${api}/`,
      api: `${api}/api/v1`,
      token,
      deviceBroker: `mqtt://127.0.0.1:${ports.device}`,
      uplinkBroker: `mqtt://127.0.0.1:${ports.uplink}`,
    };
    const env = this.#environment(ports, token);
    const broker = ["--broker", this.#endpoints.deviceBroker];
    const plans: [ServiceName, string, string[]][] = [
      ["cloud", "cloud/src/main.ts", ["--config", files.cloud]],
      ["edge", "edge/src/main.ts", ["--config", files.edge]],
    ];
    if (this.#options.simulator) {
      plans.push(["simulator", "firmware-contracts/src/simulator/main.ts", ["--site", this.#options.site, ...broker]]);
    }
    for (const [name, file, args] of plans) {
      if (this.#stop.signal.aborted) return;
      await this.#start(name, file, args, env, logs);
    }
  }

  async #start(
    name: ServiceName,
    file: string,
    args: string[],
    env: Readonly<Record<string, string | undefined>>,
    logs: LogFile[],
  ): Promise<void> {
    const log = new LogFile(this.#folder.log(name));
    logs.push(log);
    const recent: string[] = [];
    const service = new Service({
      name,
      file: join(root, file),
      args,
      env,
      clock: systemClock,
      onLine: (line) => {
        log.write(line);
        recent.push(line);
        if (recent.length > rememberedLines) recent.shift();
        const words = plainWords(name, line);
        if (words !== undefined && !this.#stop.signal.aborted) console.warn(words);
      },
      onPid: () => this.#writeEndpoints(),
      onDeath: (how, delay_ms) => {
        console.warn(`${name}  意外结束 ended unexpectedly (${how}); 重启 restarting in ${delay_ms / 1_000} s`);
      },
    });
    this.#services.set(name, service);
    const result = await service.start();
    if (result.ready || this.#stop.signal.aborted) return;
    throw new Refusal(
      `${name} 未能启动 could not start (${result.how}):\n${lastWords(name, recent).join("\n")}\n` +
        `日志 log: ${this.#folder.log(name)}`,
    );
  }

  /** Called once all is ready, and then whenever a process takes the place of another. */
  #announce(site: Site): void {
    const endpoints = this.#writeEndpoints(true);
    if (endpoints !== undefined) console.log(greeting(site, endpoints, this.#folder));
  }

  #writeEndpoints(isReady = this.#announced): Endpoints | undefined {
    if (!isReady || this.#endpoints === undefined) return undefined;
    this.#announced = true;
    const pid = (name: ServiceName): number | null => this.#services.get(name)?.pid ?? null;
    const endpoints: Endpoints = {
      ...this.#endpoints,
      pids: { edge: pid("edge"), cloud: pid("cloud"), simulator: pid("simulator") },
    };
    this.#folder.writeEndpoints(endpoints);
    return endpoints;
  }

  #environment(ports: Ports, token: string): Record<string, string | undefined> {
    // a service that was killed is back sooner when its code need not be compiled again
    const NODE_COMPILE_CACHE = join(root, "node_modules", ".cache", "compiled");
    return { ...process.env, NODE_COMPILE_CACHE, ...demoEnvironment(this.#options, this.#folder.path, ports, token) };
  }

  /** The services of a demo that was killed notice it and end, but hold their ports until then. */
  async #awaitLeftovers(): Promise<void> {
    const left = this.#folder.takeLeftovers();
    const deadline = systemClock.monotonic() + leftovers.patience_ms;
    while (left.some(isAlive) && systemClock.monotonic() < deadline && !this.#stop.signal.aborted) {
      await pause(systemClock, leftovers.every_ms, this.#stop.signal);
    }
  }

  #onSignal(): void {
    if (this.#stop.signal.aborted) {
      // asked twice: at once
      for (const service of this.#services.values()) service.kill();
      return;
    }
    console.log("正在停止 · stopping ...");
    this.#stop.abort();
    // whatever waits for a service to be ready need wait no longer
    for (const service of this.#services.values()) void service.stop();
  }
}

async function prepareConsole(): Promise<void> {
  if (!consoleIsStale()) return;
  console.log("正在构建控制台 · building the console (once, some seconds) ...");
  const result = await buildConsole();
  if (!result.built) throw new Refusal(`the console can't be built:\n${result.output}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH is the answer
    return false;
  }
}
