import { secret } from "@gengfu/shared/config/secret";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { duration } from "@gengfu/shared/time/duration";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { z } from "zod";
import type { Checks } from "./api/health.ts";

/** The part of `cloud.yaml` for someone outside who notices that the cloud is gone. */
export const watchdogSettings = z.strictObject({
  url: secret("What is called, by GET, such as a check's address at healthchecks.io or at a server of your own.").regex(
    /^https?:\/\/\S+$/,
    "an address that begins with http:// or https://",
  ),
  every: duration
    .pipe(z.number().min(1_000, "at least 1s"))
    .prefault("1m")
    .describe("How often, while no check of `/health` fails; whoever is called raises the alarm when that ends."),
});
export type WatchdogSettings = z.output<typeof watchdogSettings>;

export interface WatchdogOptions {
  readonly settings: WatchdogSettings;
  readonly checks: Checks;
  readonly clock: Clock;
  readonly logger: Logger;
}

const timeout_ms = 10_000;

/** The dead man's switch: calls an address outside for as long as the cloud can do its job, and is silent otherwise. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #log: RepeatLog;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { settings, clock } = this.#options;
    while (!signal.aborted) {
      const failing = this.#failing();
      if (failing.length === 0) await this.#call(signal);
      else this.#log.warn("failing", { failing }, "the watchdog is not called, since the cloud can't do its job");
      await pause(clock, settings.every, signal);
    }
  }

  #failing(): string[] {
    return Object.entries(this.#options.checks).flatMap(([name, check]) => {
      try {
        return check().status === "failing" ? [name] : [];
      } catch {
        // what can't even be asked does not do its job
        return [name];
      }
    });
  }

  async #call(signal: AbortSignal): Promise<void> {
    const { settings, clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.after(timeout_ms, () => late.abort(new Error(`no answer within ${timeout_ms} ms`)));
    try {
      const response = await fetch(settings.url, { redirect: "error", signal: AbortSignal.any([signal, late.signal]) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
    } catch (error) {
      // the address is as good as a password: it is not told
      if (!signal.aborted)
        this.#log.warn("call", { reason: messageOf(error) }, "the watchdog outside can't be reached");
    } finally {
      cancel();
    }
  }
}
