import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "@gengfu/shared/log/log";
import type { ClockQuality } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { EdgeEntry } from "./entry.ts";
import type { ClockQualitySource } from "./intake/clock-quality.ts";
import type { Quarantine } from "./intake/quarantine.ts";
import type { Source } from "./sources/source.ts";
import type { Troubles } from "./troubles.ts";
import { uplinkConsumer } from "./uplink/uplink-session.ts";

export interface GatewayStatusOptions {
  readonly gateway: string;
  readonly log: Log<EdgeEntry>;
  readonly quality: ClockQualitySource;
  readonly quarantine: Quarantine;
  readonly troubles: Troubles;
  readonly sources: readonly Source[];
  readonly clock: Clock;
}

/** What the gateway tells of itself with each heartbeat. */
export function gatewayStatus({
  gateway,
  log,
  quality,
  quarantine,
  troubles,
  sources,
  clock,
}: GatewayStatusOptions): GatewayStatus {
  const { dropped, trouble } = log.stats();
  troubles.set(
    "log",
    trouble === null
      ? null
      : { zh: `无法写入日志:${trouble}。请检查磁盘。`, en: `The log can't be written: ${trouble}. Check the disk.` },
  );
  return {
    gateway,
    epoch: log.epoch,
    at: clock.now(),
    clock: quality.quality(),
    last: log.last,
    backlog: log.backlog(uplinkConsumer),
    dropped: sources.reduce((sum, source) => sum + source.dropped, dropped),
    quarantined: quarantine.total,
    uptime_s: Math.round(process.uptime()),
    rss_bytes: process.memoryUsage.rss(),
    version,
    troubles: troubles.list(),
  };
}

/** The entry that tells of readings which the log dropped at its bound. */
export function gapEntry(
  gateway: string,
  now: number,
  clock: ClockQuality,
  { from, to, reason }: { from: number; to: number; reason: string },
): EdgeEntry {
  return {
    device: gateway,
    kind: "gap",
    channel: null,
    at: now,
    receivedAt: now,
    clock,
    value: null,
    detail: { from, to, reason },
    key: null,
  };
}

/** The version of this package. */
export const version = (
  JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as { version: string }
).version;
