import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { Api } from "./api.ts";
import { root } from "./demo.ts";

/** How much of each log a failed test shows. */
const dumpedLines = 40;
const token = "token-of-the-tests";

const ready = z.object({
  ready: z.literal(true),
  api: z.url().optional(),
  deviceBroker: z.url().optional(),
  uplinkBroker: z.url().optional(),
});
export type Ready = z.output<typeof ready>;

/** One real service as a process of its own, which may be killed and started again at any moment. */
export class ServiceProcess {
  readonly name: string;
  readonly #main: string;
  readonly #configFile: string;
  readonly #args: readonly string[];
  #log = "";
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(name: "edge" | "cloud", folder: string, args: readonly string[] = []) {
    this.#args = args;
    this.name = name;
    this.#main = join(root, name, "src", "main.ts");
    this.#configFile = join(folder, `${name}.json`);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** All that it logged, in whichever life. */
  get log(): string {
    return this.#log;
  }

  /** What it reads when it starts next. JSON is YAML, too. */
  configure(config: unknown): void {
    writeFileSync(this.#configFile, JSON.stringify(config, null, 2));
  }

  /** The same with some settings changed. */
  reconfigure(changes: object): void {
    this.configure({ ...(JSON.parse(readFileSync(this.#configFile, "utf8")) as object), ...changes });
  }

  /** Resolves with what it says once it is ready, or with undefined if it ended before. */
  async start(): Promise<Ready | undefined> {
    const child = spawn(process.execPath, [...this.#args, this.#main, "--config", this.#configFile], {
      // not into a file: what keeps a service from writing files must not keep it from saying so
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compiled") },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#log += text));
    }
    this.#child = child;
    this.#ended = once(child, "close");
    const first = await Promise.race([once(child, "message"), this.#ended.then(() => undefined)]);
    return first === undefined ? undefined : ready.parse(first[0]);
  }

  /** As `start`, but a service that doesn't become ready is an error. */
  async startWell(): Promise<Ready> {
    const said = await this.start();
    if (said === undefined) throw new Error(`the ${this.name} did not start:\n${tail(this.log)}`);
    return said;
  }

  /** Rejects once the process that runs now has ended. */
  async died(): Promise<never> {
    await this.#ended;
    throw new Error(`the ${this.name} died:\n${tail(this.log)}`);
  }

  /** Ends it, whatever it is at; by default as a power cut would. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }
}

export interface SiteOptions {
  readonly influx?: { readonly url: string; readonly database: string; readonly timeout?: string };
  readonly wecomUrl?: string;
  /** Where the services keep their data, by default folders of their own. */
  readonly edgeData?: string;
  readonly cloudData?: string;
  /** Further settings of the edge's way to the cloud. */
  readonly uplink?: Readonly<Record<string, unknown>>;
  /** The site file, by default the demo's. */
  readonly site?: string;
  /** Further sections of the cloud's configuration. */
  readonly cloud?: Readonly<Record<string, unknown>>;
  /** Further sections of the edge's configuration. */
  readonly edge?: Readonly<Record<string, unknown>>;
  /** Options of the edge's Node. */
  readonly edgeArgs?: readonly string[];
  /** Stands between edge and cloud: is given the cloud's port, gives the one that the edge is to use. */
  readonly between?: (uplinkPort: number) => Promise<number>;
}

/** Edge and cloud of the demo's site as real processes without anything that restarts them. */
export class Services {
  readonly edge: ServiceProcess;
  readonly cloud: ServiceProcess;
  readonly api: Api;
  /** As in `mqtt://127.0.0.1:1883`; the same after a restart, as is every address. */
  readonly deviceBroker: string;

  constructor(parts: Pick<Services, "edge" | "cloud" | "api" | "deviceBroker">) {
    this.edge = parts.edge;
    this.cloud = parts.cloud;
    this.api = parts.api;
    this.deviceBroker = parts.deviceBroker;
  }
}

/** Starts both for one test: ready when this returns, gone when the test is over, and talkative if it failed. */
export async function startServices(options: SiteOptions = {}): Promise<Services> {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-hard-"));
  mkdirSync(join(folder, "edge"));
  const edge = new ServiceProcess("edge", folder, options.edgeArgs);
  const cloud = new ServiceProcess("cloud", folder);
  onTestFinished(async ({ task }) => {
    await Promise.all([edge.kill(), cloud.kill()]);
    if (task.result?.state === "fail") {
      for (const { name, log } of [cloud, edge]) console.error(`--- ${name}\n${tail(log)}`);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const site = options.site ?? join(root, "deploy", "demo", "site.yaml");
  const [httpPort, uplinkPort, devicePort] = [await freePort(), await freePort(), await freePort()];
  cloud.configure({
    data: options.cloudData ?? join(folder, "cloud"),
    sites: [site],
    http: { port: httpPort },
    uplink: { port: uplinkPort },
    tokens: [{ name: "tests", token, role: "admin" }],
    ...(options.influx === undefined ? {} : { influx: options.influx }),
    ...(options.wecomUrl === undefined ? {} : { notifications: { wecom_bot: { url: options.wecomUrl } } }),
    ...options.cloud,
  });
  const { api = "" } = await cloud.startWell();
  const uplinkUrl = `mqtt://127.0.0.1:${(await options.between?.(uplinkPort)) ?? uplinkPort}`;
  edge.configure({
    gateway: "main-building",
    site,
    data: options.edgeData ?? join(folder, "edge"),
    devices_broker: { port: devicePort },
    uplink: { url: uplinkUrl, ...options.uplink },
    ...options.edge,
  });
  const { deviceBroker = "" } = await edge.startWell();
  return new Services({ edge, cloud, api: new Api(api, token), deviceBroker });
}

/**
 * A port that a service gets back whenever it is started again: below those that connections take for themselves, of
 * which one could have it while the service is dead.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-dumpedLines).join("\n");
}
