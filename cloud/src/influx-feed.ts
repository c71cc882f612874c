import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { backoff } from "@gengfu/shared/backoff";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { Wakeup } from "@gengfu/shared/wakeup";
import { z } from "zod";
import type { AlertService } from "./alerts/alert-service.ts";
import type { GatewayRegistry } from "./gateways/registry.ts";
import type { InfluxStore } from "./stores/influx/influx-store.ts";
import { alertLine, gatewayStatusLine } from "./stores/influx/lines.ts";
import type { SiteFacts } from "./site-facts.ts";

const steps_max = 1_000;
/** How often steps are looked for when nothing tells of one, and how often the gateways' state is written. */
const period_ms = 30_000;
const retry = { first_ms: 1_000, max_ms: 60_000 };
const cursorSchema = z.object({ step: z.int().nonnegative() });

export interface InfluxFeedOptions {
  readonly influx: Pick<InfluxStore, "writeLines">;
  readonly alerts: Pick<AlertService, "steps" | "onChange">;
  readonly gateways: Pick<GatewayRegistry, "list">;
  readonly facts: SiteFacts;
  /** Where it is noted how far the alerts' steps have been written; its folder must exist. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes to InfluxDB what is no reading: every step of an alert, from a cursor on, so that none is left out whatever
 * happens; and every half minute how the gateways stand, as well as that goes.
 */
export class InfluxFeed {
  readonly #options: InfluxFeedOptions;
  readonly #news = new Wakeup();
  #refused = 0;

  constructor(options: InfluxFeedOptions) {
    this.#options = options;
  }

  /** Points that InfluxDB will never take. */
  get refused(): number {
    return this.#refused;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#runSteps(signal), this.#runStatus(signal)]);
  }

  async #runSteps(signal: AbortSignal): Promise<void> {
    const { alerts, clock, logger } = this.#options;
    let cursor = this.#readCursor();
    let failures = 0;
    const unsubscribe = alerts.onChange(this.#news.wake);
    while (!signal.aborted) {
      try {
        const next = await this.#writeSteps(cursor);
        failures = 0;
        if (next === cursor) await this.#news.wait(clock, period_ms, signal);
        else await this.#writeCursor((cursor = next));
      } catch (error) {
        failures += 1;
        const retry_ms = backoff(failures, 0, retry);
        logger.warn({ err: error, retry_ms }, "steps of alerts can't be written to InfluxDB for now");
        await pause(clock, retry_ms, signal);
      }
    }
    unsubscribe();
  }

  /** Writes the steps behind a cursor; returns where it then stands. */
  async #writeSteps(cursor: number): Promise<number> {
    // the last one written is read again: if it is gone, the alerts began anew, and so do we
    const found = this.#options.alerts.steps(Math.max(0, cursor - 1), steps_max);
    if (cursor > 0 && found[0]?.id !== cursor) return 0;
    const steps = found.filter(({ id }) => id > cursor);
    const last = steps.at(-1);
    if (last === undefined) return cursor;
    const refused = await this.#options.influx.writeLines(steps.map((step) => alertLine(step)));
    this.#note(refused);
    return last.id;
  }

  async #runStatus(signal: AbortSignal): Promise<void> {
    const { gateways, influx, facts, clock, logger } = this.#options;
    while (!signal.aborted) {
      const at = clock.now();
      const lines = gateways.list().map((gateway) => gatewayStatusLine(facts.siteOf(gateway.id), gateway, at));
      try {
        this.#note(await influx.writeLines(lines));
      } catch (error) {
        logger.debug({ err: error }, "the state of the gateways could not be written to InfluxDB");
      }
      await pause(clock, period_ms, signal);
    }
  }

  #note(refused: readonly { readonly line: string; readonly reason: string }[]): void {
    const [first] = refused;
    if (first === undefined) return;
    this.#refused += refused.length;
    this.#options.logger.error({ count: refused.length, ...first }, "InfluxDB refused points for good");
  }

  #readCursor(): number {
    try {
      return cursorSchema.parse(JSON.parse(readFileSync(this.#options.file, "utf8"))).step;
    } catch (error) {
      const isNew = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!isNew) this.#options.logger.warn({ reason: messageOf(error) }, "all steps of alerts are written again");
      return 0;
    }
  }

  async #writeCursor(step: number): Promise<void> {
    const { file } = this.#options;
    await writeFile(`${file}.new`, JSON.stringify({ step }));
    await rename(`${file}.new`, file);
  }
}
