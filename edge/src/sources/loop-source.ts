import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Deliver, Message } from "../intake/message.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Source } from "./source.ts";

/** Takes what was true at `measured_ms` by monotonic time; it is delivered in order, or counted as dropped. */
export type Tell = (device: string, message: Message, measured_ms: number) => void;

export interface LoopSourceOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Messages held while the intake takes nothing over; 1,000 by default. */
  readonly messages_max?: number | undefined;
  /** What the source does; it resolves soon after the signal is aborted, with nothing of the machine held any more. */
  readonly run: (tell: Tell, signal: AbortSignal) => Promise<void>;
}

/** A source that is one loop, run from its start to its stop. */
export class LoopSource implements Source {
  readonly name: string;
  readonly #options: LoopSourceOptions;
  #queue: DeliveryQueue | null = null;
  #droppedBefore = 0;
  #stop = new AbortController();
  #running = Promise.resolve();

  constructor(options: LoopSourceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get dropped(): number {
    return this.#droppedBefore + (this.#queue?.dropped ?? 0);
  }

  start(deliver: Deliver): Promise<void> {
    const { clock, logger, messages_max, run } = this.#options;
    this.#droppedBefore = this.dropped;
    const queue = new DeliveryQueue({ deliver, clock, logger, messages_max });
    this.#queue = queue;
    this.#stop = new AbortController();
    this.#running = run((device, message, measured_ms) => queue.push(device, message, measured_ms), this.#stop.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    // what is refused from here on is still counted: the queue stays until the next start
    this.#queue?.stop();
    await this.#running;
  }
}

/** Polls at once and then in each interval, never twice at a time, until the signal is aborted. */
export async function pollEvery(
  interval_ms: number,
  clock: Clock,
  signal: AbortSignal,
  poll: () => Promise<void>,
): Promise<void> {
  let due_ms = clock.monotonic();
  while (!signal.aborted) {
    await poll();
    // a poll that took longer than the interval is followed by the next at once, and those between are left out
    const now_ms = clock.monotonic();
    due_ms = Math.max(due_ms + interval_ms, now_ms);
    await pause(clock, due_ms - now_ms, signal);
  }
}

/** Does the work on every item, on at most `width` at a time. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
