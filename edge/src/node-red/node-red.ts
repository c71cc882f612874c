import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { deviceTopic } from "@gengfu/firmware-contracts/contract/topics";
import { parsePublish } from "@gengfu/firmware-contracts/parse";
import { backoff } from "@gengfu/shared/backoff";
import { messageOf } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { DeviceKind, Reading } from "@gengfu/shared/model/reading";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { GatewayAlert } from "@gengfu/shared/uplink-protocol";
import { sentOnce, type Deliver } from "../intake/message.ts";
import type { Source } from "../sources/source.ts";
import type { Troubles } from "../troubles.ts";
import { NodeRedProcess } from "./node-red-process.ts";
import type { FromNodeRed, NodeRedSettings } from "./protocol.ts";
import { ReadingFeed } from "./reading-feed.ts";
import type { NodeRedConfig } from "./schema.ts";
import { credentialSecret, endLeftover, makeUserFolder, noteProcess } from "./user-folder.ts";

/** The package that holds Node-RED itself, which `npm run install:node-red` installs. */
const home = join(import.meta.dirname, "..", "..", "node-red");
const retry = { first_ms: 1_000, max_ms: 60_000 };
/** So many bad ends within so long, and the flows are no longer started by themselves. */
const badEnds = { count: 3, within_ms: 10 * 60_000 };
/** The alerts that are told to flows that start later. */
const alerts_max = 1_000;

export interface NodeRedOptions {
  readonly config: NodeRedConfig;
  /** The gateway's folder of what must outlive a restart. */
  readonly data: string;
  /** Ids of the devices that report to this gateway. */
  readonly devices: ReadonlySet<string>;
  readonly log: Pick<Log<Reading>, "onAppend">;
  readonly troubles: Troubles;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where Node-RED's `red.js` is; within the package of its own by default. */
  readonly program?: string;
}

/**
 * Node-RED beside the gateway, for the site's own integrations: in a process of its own that is watched, ended when it
 * hangs, and started again; after some bad ends with its editor only. Nothing of the gateway waits for it.
 */
export class NodeRed implements Source {
  readonly name = "node-red";
  readonly #options: NodeRedOptions;
  readonly #feed = new ReadingFeed();
  readonly #log: RepeatLog;
  readonly #openAlerts = new Map<string, GatewayAlert>();
  #stopping = new AbortController();
  #running = Promise.resolve();
  #process: NodeRedProcess | null = null;
  #wantsAlerts = false;

  constructor(options: NodeRedOptions) {
    this.#options = options;
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  get dropped(): number {
    return this.#feed.dropped;
  }

  start(deliver: Deliver): Promise<void> {
    const { log, troubles, logger, program = join(home, "node_modules", "node-red", "red.js") } = this.#options;
    if (!existsSync(program)) {
      const trouble = {
        zh: "已启用 Node-RED,但尚未安装:请在程序目录运行 npm run install:node-red,然后重启网关。",
        en: "Node-RED is switched on but not installed: run `npm run install:node-red` in the program's folder, then restart the gateway.",
      };
      troubles.set("node-red", trouble);
      logger.warn(trouble.en);
      return Promise.resolve();
    }
    this.#stopping = new AbortController();
    const unsubscribe = log.onAppend((_, { entries }) =>
      this.#feed.offer(entries, (reading, taken) => this.#process?.send({ type: "reading", reading }, taken)),
    );
    this.#running = this.#run(program, deliver, this.#stopping.signal).finally(unsubscribe);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop();
    await this.#running;
    this.#options.troubles.set("node-red", null);
  }

  /** Tells the flows what became of an alert. */
  alert(alert: GatewayAlert): void {
    this.#openAlerts.delete(alert.id);
    if (alert.state !== "closed") this.#openAlerts.set(alert.id, alert);
    const oldest = this.#openAlerts.keys().next().value;
    if (this.#openAlerts.size > alerts_max && oldest !== undefined) this.#openAlerts.delete(oldest);
    if (this.#wantsAlerts) this.#process?.send({ type: "alert", alert });
  }

  async #run(program: string, deliver: Deliver, signal: AbortSignal): Promise<void> {
    const { config, data, random, clock, logger } = this.#options;
    const folder = makeUserFolder(data);
    const settings = settingsOf(config, folder);
    endLeftover(folder);
    let ends: number[] = [];
    while (!signal.aborted) {
      const safe = ends.length >= badEnds.count;
      this.#feed.reset();
      this.#wantsAlerts = false;
      const child = new NodeRedProcess({
        program,
        settingsModule: join(import.meta.dirname, "runtime", "settings.ts"),
        settings,
        memory_mebibytes: config.memory_mebibytes,
        unresponsive_after_ms: config.unresponsive_after,
        safe,
        hear: (message) => this.#hear(message, deliver),
        clock,
      });
      this.#process = child;
      if (child.pid !== undefined) noteProcess(folder, child.pid);
      const reason = await child.ended;
      this.#process = null;
      if (signal.aborted) break;
      const now_ms = clock.monotonic();
      ends = [...ends.filter((end) => now_ms - end < badEnds.within_ms), now_ms];
      this.#complain(reason, ends.length >= badEnds.count);
      const retry_ms = backoff(ends.length, random(), retry);
      logger.warn({ reason, retry_ms, ends: ends.length }, "Node-RED ended; the gateway goes on without it");
      await pause(clock, retry_ms, signal);
    }
  }

  #hear(message: Exclude<FromNodeRed, { type: "pong" }>, deliver: Deliver): void {
    const { logger } = this.#options;
    switch (message.type) {
      case "started":
        logger.info("the flows of Node-RED have started");
        this.#options.troubles.set("node-red", null);
        break;
      case "wanted":
        this.#feed.want(message.readings);
        if (message.alerts && !this.#wantsAlerts) {
          for (const alert of this.#openAlerts.values()) this.#process?.send({ type: "alert", alert });
        }
        this.#wantsAlerts = message.alerts;
        break;
      case "deliver":
        void this.#deliver(message, deliver);
        break;
      case "log":
        if (message.level === "info") logger.info(message.message);
        else this.#log[message.level](message.message, {}, message.message);
        break;
    }
  }

  async #deliver(message: Extract<FromNodeRed, { type: "deliver" }>, deliver: Deliver): Promise<void> {
    const child = this.#process;
    let refusal: string | null = null;
    try {
      refusal = await this.#take(message, deliver);
    } catch (error) {
      refusal = messageOf(error);
    }
    child?.send({ type: "delivered", id: message.id, refusal });
  }

  /** Null once it is on the disk. */
  async #take({ device, kind, payload }: Extract<FromNodeRed, { type: "deliver" }>, deliver: Deliver) {
    const { devices } = this.#options;
    if (!devices.has(device)) {
      return `device: found ${JSON.stringify(device)}, allowed: one of this gateway's devices, ${[...devices].join(", ")}`;
    }
    const bytes = Buffer.from(payload, "utf8");
    const verdict = parsePublish(device, deviceTopic(device, kind as DeviceKind), bytes);
    if (verdict.verdict === "quarantine") return verdict.detail.message;
    if (verdict.verdict !== "reading") return `kind: found ${JSON.stringify(kind)}, allowed: a kind of reading`;
    await deliver(device, verdict.message, sentOnce);
    return null;
  }

  #complain(reason: string, isSafe: boolean): void {
    this.#options.troubles.set(
      "node-red",
      isSafe
        ? {
            zh: `Node-RED 反复异常(${reason}),流程已停止。请打开编辑器修改流程,然后点击"部署"。`,
            en: `Node-RED ends again and again (${reason}); its flows are stopped. Open the editor, mend them and press Deploy.`,
          }
        : {
            zh: `Node-RED 异常结束(${reason}),正在重新启动。`,
            en: `Node-RED ended (${reason}) and is started again.`,
          },
    );
  }
}

function settingsOf(config: NodeRedConfig, folder: string): NodeRedSettings {
  const salt = randomBytes(16).toString("hex");
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    password: createHash("sha256").update(salt).update(config.password).digest("hex"),
    salt,
    credentialSecret: credentialSecret(folder),
    userDir: folder,
    nodesDir: join(home, "nodes"),
    installNodes: config.install_nodes,
    httpNodes: config.http_nodes,
  };
}
