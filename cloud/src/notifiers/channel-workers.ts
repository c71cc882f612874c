import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import { inTransaction } from "@gengfu/shared/sqlite-file";
import type { Clock } from "@gengfu/shared/time/clock";
import { ChannelWorker } from "./channel-worker.ts";
import type { Channel } from "./channel.ts";
import { Failover } from "./failover.ts";
import { OutboxQueue } from "./outbox-queue.ts";
import type { OutboxTable } from "./outbox-table.ts";
import { ReceiptPoller } from "./receipt-poller.ts";
import type { NotificationSettings } from "./settings.ts";
import { WatchTable } from "./watch-table.ts";

export interface ChannelWorkersOptions {
  readonly channels: readonly Channel[];
  readonly database: DatabaseSync;
  readonly outbox: OutboxTable;
  readonly settings: NotificationSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

/** What runs of the channels that are configured. */
export interface ChannelLoop {
  start(): void;
  stop(): Promise<void>;
  /** Something may be due. */
  wake(): void;
}

/** A worker for each configured channel, and one that asks for receipts where the vendor tells of them. */
export function createChannelWorkers(options: ChannelWorkersOptions): {
  readonly workers: readonly ChannelWorker[];
  readonly loops: readonly ChannelLoop[];
} {
  const { channels, database, settings, clock, logger } = options;
  const watch = new WatchTable(database);
  const queue = new OutboxQueue(database, settings.reserve);
  const byName = new Map<string, ChannelWorker>();
  const pollers: ReceiptPoller[] = [];
  for (const channel of channels) {
    const { name, notifier, receipts } = channel;
    if (notifier === null) continue;
    const failover = new Failover({
      channel,
      next: standIns(channel, channels, settings.failover.order),
      outbox: options.outbox,
      watch,
      wake: (other) => byName.get(other)?.wake(),
      transaction: (work) => inTransaction(database, work),
    });
    byName.set(name, new ChannelWorker({ ...options, channel, notifier, queue, failover }));
    if (receipts === undefined) continue;
    const onNews = (): void => byName.get(name)?.wake();
    pollers.push(new ReceiptPoller({ channel: name, receipts, watch, onNews, clock, logger }));
  }
  const workers = [...byName.values()];
  return { workers, loops: [...workers, ...pollers] };
}

/** The configured channels behind this one in the order that speak to the same sort of target. */
function standIns(channel: Channel, channels: readonly Channel[], order: readonly string[]): Channel[] {
  const position = order.indexOf(channel.name);
  if (position < 0) return [];
  return order.slice(position + 1).flatMap((name) => {
    const other = channels.find((one) => one.name === name);
    return other !== undefined && other.notifier !== null && other.audience === channel.audience ? [other] : [];
  });
}
