import type { Channel, Message } from "./channel.ts";
import type { OutboxTable } from "./outbox-table.ts";
import type { Overdue, WatchTable } from "./watch-table.ts";

export interface FailoverOptions {
  readonly channel: Channel;
  /** The configured channels of the same sort that stand in for it, in order. */
  readonly next: readonly Channel[];
  readonly outbox: OutboxTable;
  readonly watch: WatchTable;
  /** Wakes the worker of a channel. */
  readonly wake: (channel: string) => void;
  /** Runs `work` as one transaction. */
  readonly transaction: (work: () => void) => void;
}

/**
 * Hands on to another channel what this one does not bring through: once for each message, and only forward in the order.
 * What was not taken in time is also still tried here: of a fire it is better to hear twice.
 */
export class Failover {
  readonly #options: FailoverOptions;
  readonly #toWake = new Set<string>();
  #passedOn = 0;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /** Messages handed on since the start. */
  get passedOn(): number {
    return this.#passedOn;
  }

  /** Milliseconds until the next one is overdue; null if none is watched. */
  passOnOverdue(now: number): number | null {
    const { channel, watch, transaction } = this.#options;
    const overdue = watch.overdue(channel.name, now);
    if (overdue.length > 0) {
      transaction(() => this.#passOn(overdue, now));
      this.wakeOthers();
    }
    const at = watch.nextAt(channel.name);
    return at === null ? null : Math.max(0, at - now);
  }

  /** Part of the caller's transaction; `wakeOthers` follows behind it. */
  passOnFailed(ids: readonly number[], now: number): void {
    this.#passOn(this.#options.watch.messages(ids), now);
  }

  wakeOthers(): void {
    const names = [...this.#toWake];
    this.#toWake.clear();
    for (const name of names) this.#options.wake(name);
  }

  #passOn(messages: readonly Overdue[], now: number): void {
    const { channel, next, outbox, watch } = this.#options;
    for (const { id, message } of messages) {
      watch.unwatch(id);
      const [other] = next;
      if (other === undefined) continue;
      const theirs = messageFor(other, message);
      outbox.add(other.name, theirs, other.render(theirs), true, now, channel.name);
      this.#toWake.add(other.name);
      this.#passedOn++;
    }
  }
}

function messageFor(channel: Channel, message: Message): Message {
  return channel.audience === "group" ? { ...message, target: { id: channel.name, phone: null } } : message;
}
