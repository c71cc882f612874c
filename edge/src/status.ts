import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "@gengfu/shared/log/log";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { DiskUse } from "./disk-use.ts";
import type { EdgeEntry } from "./entry.ts";
import type { GatewayTime } from "./intake/gateway-time.ts";
import type { Quarantine } from "./intake/quarantine.ts";
import type { Troubles } from "./troubles.ts";
import { uplinkConsumer } from "./uplink/uplink-session.ts";

export interface GatewayStatusOptions {
  readonly gateway: string;
  readonly log: Log<EdgeEntry>;
  readonly time: GatewayTime;
  readonly quarantine: Quarantine;
  readonly troubles: Troubles;
  readonly disk: Pick<DiskUse, "tell">;
  /** Those who may have to drop readings, and count them. */
  readonly droppers: readonly { readonly dropped: number }[];
}

/** What the gateway tells of itself with each heartbeat. */
export function gatewayStatus({
  gateway,
  log,
  time,
  quarantine,
  troubles,
  disk,
  droppers,
}: GatewayStatusOptions): GatewayStatus {
  const { dropped, trouble } = log.stats();
  troubles.set(
    "log",
    trouble === null
      ? null
      : { zh: `无法写入日志:${trouble}。请检查磁盘。`, en: `The log can't be written: ${trouble}. Check the disk.` },
  );
  const run = log.runAt?.(log.last + 1)?.id;
  return {
    gateway,
    epoch: log.epoch,
    ...(run === undefined ? {} : { run }),
    at: time.now(),
    clock: time.quality(),
    clock_steps: time.steps,
    last: log.last,
    backlog: log.backlog(uplinkConsumer),
    dropped: droppers.reduce((sum, one) => sum + one.dropped, dropped),
    quarantined: quarantine.total,
    uptime_s: Math.round(process.uptime()),
    rss_bytes: process.memoryUsage.rss(),
    version,
    disk: disk.tell(),
    troubles: troubles.list(),
  };
}

/** The version of this package. */
export const version = (
  JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as { version: string }
).version;
