import { readFileSync } from "node:fs";
import type { SqliteLog } from "@gengfu/shared/log/sqlite-log";
import type { Clock } from "@gengfu/shared/time/clock";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { z } from "zod";
import type { EdgeEntry } from "./entry.ts";
import type { GatewayTime } from "./intake/gateway-time.ts";

/** How often it is looked, so that what was written belongs to the right day. */
const look_ms = 60_000;
const noteName = "disk use";

const days = z.object({
  /** As in 2026-11-21, by the site's clock. */
  day: z.string(),
  today_bytes: z.int().nonnegative(),
  /** Null where nothing is known of the day before. */
  yesterday_bytes: z.int().nonnegative().nullable(),
});
type Days = z.output<typeof days>;

export interface DiskUseOptions {
  readonly log: Pick<SqliteLog<EdgeEntry>, "stats" | "note" | "noted">;
  readonly time: Pick<GatewayTime, "now" | "quality">;
  /** The site's. */
  readonly timeZone: string;
  /** Bytes that this process has written to disks so far; undefined where the system does not say. */
  readonly written_bytes: () => number | undefined;
  readonly clock: Clock;
}

/**
 * Counts what the gateway writes to its disk day by day, over restarts: it is noted in the log with whatever is
 * written there next, so that counting writes nothing by itself. What was written since is lost in a crash.
 */
export class DiskUse {
  readonly #options: DiskUseOptions;
  #days: Days | undefined;
  #counted_bytes = 0;
  #cancel: (() => void) | null = null;

  constructor(options: DiskUseOptions) {
    this.#options = options;
  }

  start(): void {
    this.#days = days.safeParse(parse(this.#options.log.noted(noteName))).data;
    this.#look();
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
    this.#look();
  }

  /** As a status tells it. */
  tell(): NonNullable<GatewayStatus["disk"]> {
    const { today_bytes, yesterday_bytes } = this.#look();
    const { waiting } = this.#options.log.stats();
    return { written_today_bytes: today_bytes, written_yesterday_bytes: yesterday_bytes, waiting };
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(look_ms, () => {
      this.#look();
      this.#schedule();
    });
  }

  #look(): Days {
    const { log, written_bytes } = this.#options;
    const total = written_bytes() ?? log.stats().written_bytes;
    const fresh = Math.max(0, total - this.#counted_bytes);
    this.#counted_bytes = total;
    const before = this.#begin();
    this.#days = { ...before, today_bytes: before.today_bytes + fresh };
    log.note(noteName, JSON.stringify(this.#days));
    return this.#days;
  }

  /** The day that it is, with what is known of it. */
  #begin(): Days {
    const { time, timeZone } = this.#options;
    const today = Temporal.Instant.fromEpochMilliseconds(time.now()).toZonedDateTimeISO(timeZone).toPlainDate();
    const known = this.#days;
    const day = today.toString();
    if (known === undefined) return { day, today_bytes: 0, yesterday_bytes: null };
    // a clock that nothing has confirmed may show any day
    if (known.day === day || time.quality() === "unsynchronised") return known;
    const isNext = known.day === today.subtract({ days: 1 }).toString();
    return { day, today_bytes: 0, yesterday_bytes: isNext ? known.today_bytes : null };
  }
}

/** Bytes that this process sent to disks, page by page, as Linux counts them; undefined elsewhere. */
export function writtenByProcess(): number | undefined {
  try {
    const count = /^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    // there is no such file, or it may not be read
    return undefined;
  }
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    // the schema refuses it
    return undefined;
  }
}
