import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { sentOnce, type Deliver, type Message } from "../intake/message.ts";

export interface DeliveryQueueOptions {
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Messages held while the intake takes nothing over. */
  readonly messages_max?: number;
}

interface Held {
  readonly device: string;
  readonly message: Message;
  /** When it was measured, by monotonic time. */
  readonly measured_ms: number;
}

const retry_ms = 1_000;

/**
 * Hands a source's messages to the intake in order, again and again until it takes them. At its bound the oldest go:
 * what a line says now matters more than what it said then.
 */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #messages_max: number;
  readonly #stop = new AbortController();
  #held: Held[] = [];
  #isRunning = false;
  #dropped = 0;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#messages_max = options.messages_max ?? 1_000;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a message that was true at `measured_ms`, by the clock's monotonic time. */
  push(device: string, message: Message, measured_ms: number): void {
    if (this.#stop.signal.aborted) return;
    this.#held.push({ device, message, measured_ms });
    if (this.#held.length > this.#messages_max) {
      // the first may be under way
      this.#held.splice(this.#isRunning ? 1 : 0, 1);
      this.#dropped += 1;
    }
    if (!this.#isRunning) void this.#run();
  }

  /** Takes nothing more, and gives up on what is not taken over at once. */
  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { deliver, clock, logger } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    this.#isRunning = true;
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const age = Math.max(0, Math.round(clock.monotonic() - next.measured_ms));
      try {
        await deliver(next.device, { ...next.message, age }, sentOnce);
        this.#held.shift();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warn({ reason: messageOf(error) }, "readings are not taken over; they are held");
        await pause(clock, retry_ms, signal);
        if (signal.aborted) break;
      }
    }
    this.#held = [];
    this.#isRunning = false;
  }
}
