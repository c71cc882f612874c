import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import { gatewayStatus, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { LedgerView } from "../ledger/ledger-view.ts";
import type { GatewayRegistry, GatewayView } from "./registry.ts";

/** What is known is written down at most this often: it is for the eye, the readings themselves are in the log. */
const save_ms = 5_000;

/** For so long it is told that a gateway's log went on from an older state of itself. */
const forkShown_ms = 7 * 24 * 3_600_000;

const saved = z.object({
  gateways: z.record(
    z.string(),
    z.object({
      // earlier versions did not note it: what they knew was there from the beginning
      firstSeenAt: z.int().nullable().default(0),
      lastSeenAt: z.int().nullable(),
      status: gatewayStatus.nullable(),
    }),
  ),
});

export interface GatewayRegistryOptions {
  /** The site's gateways, in its order; of others nothing is noted. */
  readonly gateways: readonly { readonly id: string }[];
  /** JSON file; its folder must exist. */
  readonly file: string;
  readonly ledger: { view(gateway: string, epoch?: number, run?: string): LedgerView };
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Known {
  connections: number;
  firstSeenAt: number | null;
  lastSeenAt: number | null;
  status: GatewayStatus | null;
}

export function createGatewayRegistry(options: GatewayRegistryOptions): GatewayRegistry {
  const { file, ledger, clock, logger } = options;
  const known = new Map<string, Known>(
    options.gateways.map(({ id }) => [id, { connections: 0, firstSeenAt: null, lastSeenAt: null, status: null }]),
  );
  const listeners = new Set<(gateway: GatewayView) => void>();
  let cancelSave: (() => void) | undefined;

  function read(): void {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw error;
    }
    const content = saved.safeParse(parse(text));
    if (!content.success) {
      logger.warn({ file }, "what was known of the gateways can't be read back; they count as never seen");
      return;
    }
    for (const [id, { firstSeenAt, lastSeenAt, status }] of Object.entries(content.data.gateways)) {
      const gateway = known.get(id);
      if (gateway === undefined) continue;
      Object.assign(gateway, { firstSeenAt: lastSeenAt === null ? null : firstSeenAt, lastSeenAt, status });
    }
  }

  function save(): void {
    cancelSave?.();
    cancelSave = undefined;
    const gateways = Object.fromEntries(
      [...known].map(([id, { firstSeenAt, lastSeenAt, status }]) => [id, { firstSeenAt, lastSeenAt, status }] as const),
    );
    try {
      writeFileSync(`${file}.new`, JSON.stringify({ gateways }));
      renameSync(`${file}.new`, file);
    } catch (error) {
      logger.warn({ err: error, file }, "what is known of the gateways can't be written down for now");
    }
  }

  function update(id: string, change: (gateway: Known) => void): Known | undefined {
    const gateway = known.get(id);
    if (gateway === undefined) return undefined;
    change(gateway);
    cancelSave ??= clock.after(save_ms, save);
    return gateway;
  }

  function changed(id: string, change: (gateway: Known) => void): void {
    const gateway = update(id, change);
    if (gateway === undefined || listeners.size === 0) return;
    const view = viewOf(id, gateway);
    for (const listener of listeners) listener(view);
  }

  function seen(gateway: Known): void {
    gateway.lastSeenAt = clock.now();
    gateway.firstSeenAt ??= gateway.lastSeenAt;
  }

  function viewOf(id: string, { connections, firstSeenAt, lastSeenAt, status }: Known): GatewayView {
    const { epoch, received, missing, unused, fork } = ledger.view(id, status?.epoch, status?.run);
    const troubles = [...(status?.troubles ?? [])];
    if (fork !== null && clock.now() - fork.at < forkShown_ms) troubles.push(forkTrouble(id, fork.from));
    return {
      id,
      connected: connections > 0,
      firstSeenAt,
      lastSeenAt,
      backlog: status === null ? null : status.backlog.events + status.backlog.samples,
      queued: status?.backlog ?? null,
      received,
      missing: missing.map(({ from, to }) => [from, to]),
      missingBecause: missing,
      unused,
      clock: status?.clock ?? null,
      epoch,
      troubles,
      version: status?.version ?? null,
      status,
    };
  }

  return {
    async start() {
      read();
    },
    async stop() {
      if (cancelSave !== undefined) save();
    },
    connected: (id) =>
      changed(id, (gateway) => {
        gateway.connections += 1;
        seen(gateway);
      }),
    disconnected: (id) =>
      changed(id, (gateway) => {
        gateway.connections = Math.max(0, gateway.connections - 1);
      }),
    heard: (id) => void update(id, seen),
    status: (id, status) =>
      changed(id, (gateway) => {
        seen(gateway);
        gateway.status = status;
      }),
    list: () => [...known].map(([id, gateway]) => viewOf(id, gateway)),
    get(id) {
      const gateway = known.get(id);
      return gateway === undefined ? undefined : viewOf(id, gateway);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function forkTrouble(gateway: string, from: number): string {
  const zh =
    `网关 ${gateway} 的日志从较旧的状态继续(恢复的备份,或磁盘丢失了已写入的数据):` +
    `第 ${from} 号起的读数已与此前收到的分开保存,没有丢失。请确认没有两台机器使用同一份日志。`;
  const en =
    `Gateway ${gateway} went on from an older state of its log (a restored copy, or a disk that lost what it had ` +
    `written): its readings from no. ${from} on are kept apart from those that came before, and none is lost. ` +
    "See that no two machines run with the same log.";
  return `${zh} ${en}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the schema says what it makes of nothing
    return undefined;
  }
}
