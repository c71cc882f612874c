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
  /** Counts what was pushed. */
  readonly order: number;
  readonly device: string;
  readonly message: Message;
  /** When it was measured, by monotonic time. */
  readonly measured_ms: number;
}

const retry_ms = 1_000;

/**
 * Hands a source's messages to the intake in order, without waiting for the last before the next: a sample may wait for
 * the cloud, and nothing is to wait behind it. What is refused is handed in again and again until it is taken. At its
 * bound the oldest go: what a line says now matters more than what it said then.
 */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #messages_max: number;
  readonly #underWay_max: number;
  readonly #stop = new AbortController();
  /** What is not with the intake, in order. */
  #held: Held[] = [];
  #underWay = 0;
  #pushed = 0;
  /** Whether something was refused, and it is waited before more is tried. */
  #isPaused = false;
  #isRefusing = false;
  #dropped = 0;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#messages_max = options.messages_max ?? 1_000;
    this.#underWay_max = Math.max(1, Math.floor(this.#messages_max / 4));
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a message that was true at `measured_ms`, by the clock's monotonic time. */
  push(device: string, message: Message, measured_ms: number): void {
    if (this.#stop.signal.aborted) return;
    this.#hold({ order: this.#pushed++, device, message, measured_ms });
    this.#proceed();
  }

  /** Takes nothing more, and hands on at once all that it holds; what is then refused is counted as dropped. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const held of this.#held.splice(0)) this.#hand(held).catch(() => (this.#dropped += 1));
  }

  #hold(message: Held): void {
    const behind = this.#held.findIndex(({ order }) => order > message.order);
    this.#held.splice(behind < 0 ? this.#held.length : behind, 0, message);
    if (this.#held.length + this.#underWay <= this.#messages_max) return;
    this.#held.shift();
    this.#dropped += 1;
  }

  #hand({ device, message, measured_ms }: Held): Promise<void> {
    const { deliver, clock } = this.#options;
    const age = Math.max(0, Math.round(clock.monotonic() - measured_ms));
    return deliver(device, { ...message, age }, sentOnce);
  }

  #proceed(): void {
    while (!this.#isPaused && this.#underWay < this.#underWay_max) {
      const next = this.#held.shift();
      if (next === undefined) return;
      this.#underWay += 1;
      void this.#send(next);
    }
  }

  async #send(message: Held): Promise<void> {
    try {
      await this.#hand(message);
    } catch (error) {
      this.#underWay -= 1;
      this.#refused(message, error);
      return;
    }
    this.#underWay -= 1;
    this.#isRefusing = false;
    this.#proceed();
  }

  #refused(message: Held, error: unknown): void {
    const { clock, logger } = this.#options;
    const { signal } = this.#stop;
    if (signal.aborted) {
      this.#dropped += 1;
      return;
    }
    this.#hold(message);
    if (!this.#isRefusing) logger.warn({ reason: messageOf(error) }, "readings are not taken over; they are held");
    this.#isRefusing = true;
    if (this.#isPaused) return;
    this.#isPaused = true;
    void pause(clock, retry_ms, signal).then(() => {
      this.#isPaused = false;
      this.#proceed();
    });
  }
}
