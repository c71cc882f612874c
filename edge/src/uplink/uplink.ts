import { backoff } from "@gengfu/shared/backoff";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { pause } from "@gengfu/shared/time/clock";
import type { Dial } from "./cloud-link.ts";
import type { PaceBounds } from "./pace.ts";
import { uplinkConsumer, UplinkSession, type SessionLimits, type UplinkSessionOptions } from "./uplink-session.ts";

export interface UplinkOptions extends Omit<UplinkSessionOptions, "limits"> {
  readonly dial: Dial;
  readonly linger_ms: number;
  /** Readings of backlog a second; 0, the default: as fast as it goes. */
  readonly backlog_rate?: number;
  /** Random numbers within [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

const limits: Omit<SessionLimits, "linger_ms" | "backlog_rate"> = {
  inFlight_max: { events: 4, samples: 4 },
  backlogInFlight_max: 2,
  behind_readings: 2_000,
  pace: {
    readings: { min: 50, first: 250, max: 2_000 },
    flights: { min: 1, first: 2, max: 4 },
    delay_max_ms: 400,
  },
};
const retry = { first_ms: 200, max_ms: 30_000 };
/** A connection that lasted so long, or brought anything over, makes the next attempt a first one again. */
const lasting_ms = 30_000;

/** Brings the log to the cloud, over as many connections as that takes. */
export class Uplink {
  readonly #options: UplinkOptions;
  #session: UplinkSession | null = null;
  /** Connections in a row that stood and over which nothing was acknowledged. */
  #fruitless = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#session !== null;
  }

  /** Whether the cloud is there and acknowledges within about a second what is appended now. */
  get acknowledgesSoon(): boolean {
    return this.#session?.acknowledgesSoon ?? false;
  }

  /** Tells the cloud how the gateway stands before the next heartbeat is due: something has changed. */
  tellSoon(): void {
    this.#session?.tellSoon();
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, random } = this.#options;
    const log = new RepeatLog(logger, clock);
    for (let failures = 1; !signal.aborted; failures++) {
      const since_ms = clock.monotonic();
      const { acknowledged, reason } = await this.#connect(signal);
      if (signal.aborted) return;
      if (acknowledged > 0 || clock.monotonic() - since_ms >= lasting_ms) failures = 1;
      const retry_ms = backoff(failures, random(), retry);
      log.warn(reason, { reason, retry_ms }, "no connection to the cloud");
      await pause(clock, retry_ms, signal);
    }
  }

  async #connect(signal: AbortSignal): Promise<{ acknowledged: number; reason: string }> {
    const { dial, linger_ms, backlog_rate = 0, logger } = this.#options;
    try {
      const link = await dial(signal);
      const pace = this.#firstPace();
      const session = new UplinkSession(link, {
        ...this.#options,
        limits: { ...limits, pace, linger_ms, backlog_rate },
      });
      logger.info({ backlog: this.#options.log.backlog(uplinkConsumer) }, "connected to the cloud");
      this.#session = session;
      const reason = await session.run(signal);
      this.#fruitless = session.acknowledged > 0 ? 0 : this.#fruitless + 1;
      return { acknowledged: session.acknowledged, reason };
    } catch (error) {
      return { acknowledged: 0, reason: messageOf(error) };
    } finally {
      this.#session = null;
    }
  }

  /** What nothing came of is not tried again in the same way: a batch may have been too large for the line. */
  #firstPace(): PaceBounds {
    const { readings } = limits.pace;
    const first = Math.max(readings.min, Math.floor(readings.first / 2 ** this.#fruitless));
    return { ...limits.pace, readings: { ...readings, first } };
  }
}
