import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { sentOnce, type Deliver, type Message } from "../intake/message.ts";

export interface DeliveryQueueOptions {
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Messages held while the intake takes nothing over; 1,000 by default. */
  readonly messages_max?: number | undefined;
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
  /** Whether the first of those held is with the intake now. */
  #isUnderWay = false;
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
      this.#held.splice(this.#isUnderWay ? 1 : 0, 1);
      this.#dropped += 1;
    }
    if (!this.#isRunning) void this.#run();
  }

  /** Takes nothing more, and hands on at once all that it holds; what is then refused is counted as dropped. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    const rest = this.#isUnderWay ? this.#held.slice(1) : this.#held;
    this.#held = this.#isUnderWay ? this.#held.slice(0, 1) : [];
    for (const held of rest) this.#hand(held).catch(() => (this.#dropped += 1));
  }

  #hand({ device, message, measured_ms }: Held): Promise<void> {
    const { deliver, clock } = this.#options;
    const age = Math.max(0, Math.round(clock.monotonic() - measured_ms));
    return deliver(device, { ...message, age }, sentOnce);
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    this.#isRunning = true;
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      this.#isUnderWay = true;
      try {
        await this.#hand(next);
        this.#held.shift();
        failures = 0;
      } catch (error) {
        if (signal.aborted) {
          this.#held.shift();
          this.#dropped += 1;
          break;
        }
        this.#isUnderWay = false;
        failures += 1;
        if (failures === 1) logger.warn({ reason: messageOf(error) }, "readings are not taken over; they are held");
        await pause(clock, retry_ms, signal);
      }
    }
    this.#isUnderWay = false;
    this.#isRunning = false;
  }
}
