import { GengfuError } from "@gengfu/shared/errors";
import type { Block, Log } from "@gengfu/shared/log/log";
import { laneOf, type Lane } from "@gengfu/shared/model/reading";
import type { EdgeEntry } from "../entry.ts";
import { deliveryKey, DeliveryTrails } from "./delivery-trails.ts";
import type { GatewayTime } from "./gateway-time.ts";
import type { Deliver, Message, Origin } from "./message.ts";
import { SequenceMemory } from "./sequence-memory.ts";
import { stamp } from "./stamp.ts";

export interface IntakeOptions {
  readonly log: Log<EdgeEntry>;
  readonly time: Pick<GatewayTime, "stamp">;
  /** Entries that may wait for the disk; beyond that nothing is taken over. */
  readonly pending_max: number;
}

/** Deliveries that could not have been acknowledged before a crash lie within this time before the log's end. */
const unacknowledged_ms = 30_000;

/** Entries of one lane that go to the log together, and the promise that all who brought them wait for. */
interface Group {
  readonly entries: EdgeEntry[];
  readonly durable: PromiseWithResolvers<void>;
}

/**
 * The one way into the log. What is delivered within one callback of the event loop, such as all publishes of a chunk
 * from a socket, shares one append and one promise.
 */
export class Intake {
  readonly trails = new DeliveryTrails();
  readonly #options: IntakeOptions;
  readonly #sequences = new SequenceMemory();
  /** What is being gathered, by lane. */
  readonly #open: Record<Lane, Group | null> = { events: null, samples: null };
  /** What is on its way to the disk and was appended last, by lane. A lane becomes durable in order. */
  readonly #under_way: Record<Lane, Group | null> = { events: null, samples: null };
  #gathered = 0;
  #scheduled = false;
  #repeats = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** How many deliveries were recognised as repeats. */
  get repeats(): number {
    return this.#repeats;
  }

  /** Whether what is delivered now would be refused, since too much waits for the disk. */
  get isFull(): boolean {
    return this.#options.log.pending + this.#gathered >= this.#options.pending_max;
  }

  /** Restores the memory of repeats from the log's newest blocks, oldest first. */
  restore(tail: readonly Block<EdgeEntry>[]): void {
    const end = Math.max(0, ...tail.map(({ entries }) => entries.at(-1)?.receivedAt ?? 0));
    // after a power cut the clock may be years behind what the log ended with before
    const last = tail.reduce<Block<EdgeEntry> | undefined>(
      (a, b) => (a === undefined || b.first > a.first ? b : a),
      undefined,
    );
    const newest = last?.entries.at(-1)?.receivedAt ?? 0;
    for (const { entries } of tail) {
      for (const entry of entries) {
        const sequence = entry.key === null ? undefined : parseSequenceKey(entry.key);
        if (sequence !== undefined) {
          this.#sequences.repeats(entry.device, entry.kind, entry.channel, sequence.boot, sequence.seq);
        } else if (entry.receivedAt >= end - unacknowledged_ms || isNear(entry.receivedAt, newest)) {
          this.trails.restore(entry);
        }
      }
    }
  }

  readonly deliver: Deliver = (device, message, origin) => {
    const lane = laneOf(message.kind);
    if (this.isFull) return Promise.reject(full());
    if (this.#isRepeat(device, message, origin)) {
      this.#repeats += 1;
      return (this.#open[lane] ?? this.#under_way[lane])?.durable.promise ?? Promise.resolve();
    }
    const { trail, messageId } = origin;
    const sequenced = message.boot !== null && message.seq !== null;
    const key = sequenced
      ? `${message.boot}.${message.seq}`
      : trail === null
        ? null
        : deliveryKey(trail.client, messageId);
    const entry = stamp(device, message, this.#options.time.stamp(), key);
    if (trail !== null && !sequenced) trail.remember(messageId, entry);
    const group = (this.#open[lane] ??= { entries: [], durable: Promise.withResolvers() });
    group.entries.push(entry);
    this.#gathered += 1;
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => this.#append());
    }
    return group.durable.promise;
  };

  /** Resolves when all that was delivered so far is durable, or can't be any more. */
  async settled(): Promise<void> {
    const groups = [this.#open.events, this.#open.samples, this.#under_way.events, this.#under_way.samples];
    await Promise.allSettled(groups.map((group) => group?.durable.promise ?? Promise.resolve()));
  }

  #isRepeat(device: string, message: Message, origin: Origin): boolean {
    const { kind, channel, boot, seq } = message;
    if (boot !== null && seq !== null) return this.#sequences.repeats(device, kind, channel, boot, seq);
    return origin.again && origin.trail?.knows(origin.messageId, message) === true;
  }

  #append(): void {
    this.#scheduled = false;
    this.#gathered = 0;
    this.#appendLane("events");
    this.#appendLane("samples");
  }

  #appendLane(lane: Lane): void {
    const group = this.#open[lane];
    if (group === null) return;
    this.#open[lane] = null;
    this.#under_way[lane] = group;
    const settle = (): void => {
      if (this.#under_way[lane] === group) this.#under_way[lane] = null;
    };
    this.#options.log.append(lane, group.entries).then(
      () => {
        settle();
        group.durable.resolve();
      },
      (error: unknown) => {
        settle();
        group.durable.reject(error);
      },
    );
  }
}

function isNear(at: number, newest: number): boolean {
  return Math.abs(newest - at) <= unacknowledged_ms;
}

/** The key of an entry with boot and seq, as `deliver` writes it. */
function parseSequenceKey(key: string): { boot: number; seq: number } | undefined {
  const match = /^(\d+)\.(\d+)$/.exec(key);
  return match === null ? undefined : { boot: Number(match[1]), seq: Number(match[2]) };
}

function full(): GengfuError {
  return new GengfuError(
    "log_full",
    "too much waits for the disk; nothing more is taken over until it has been written",
    {
      retryable: true,
    },
  );
}
