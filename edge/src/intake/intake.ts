import { GengfuError } from "@gengfu/shared/errors";
import { keyChars_max, sequenceKey } from "@gengfu/shared/codec/repeat-key";
import type { Interval } from "@gengfu/shared/intervals";
import type { Block, Log } from "@gengfu/shared/log/log";
import { laneOf, type Lane } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import type { EdgeEntry } from "../entry.ts";
import { deliveryKey, DeliveryTrails } from "./delivery-trails.ts";
import { ContactMemory } from "./contact-memory.ts";
import type { Deferral } from "./deferral.ts";
import { forgottenOf, type Forgotten } from "./forgotten.ts";
import type { GatewayTime } from "./gateway-time.ts";
import type { Deliver, Message, Origin } from "./message.ts";
import { SequenceMemory } from "./sequence-memory.ts";
import { stamp } from "./stamp.ts";

export interface IntakeOptions {
  readonly log: Log<EdgeEntry>;
  readonly time: Pick<GatewayTime, "stamp">;
  /** Entries that may wait for the disk; beyond that nothing is taken over. */
  readonly pending_max: number;
  /** Says what may wait in memory until the cloud has it; without it, or with null, nothing may. */
  readonly deferral?: Pick<Deferral, "mayWait"> | null;
  readonly clock: Clock;
}

/** Deliveries that could not have been acknowledged before a crash lie within this time before the log's end. */
const unacknowledged_ms = 30_000;

/** After a crash devices have sent again within this time what they still had. */
const repeating_ms = 600_000;

/** Entries of one lane that go to the log together, and the promise that all who brought them wait for. */
interface Group {
  readonly entries: EdgeEntry[];
  /** Whether all of them may wait for the cloud rather than for the disk. */
  mayWait: boolean;
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
  readonly #contacts = new ContactMemory();
  #forgotten: Forgotten | null = null;
  #repeatingUntil_ms = -Infinity;
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

  /** Restores the memory of repeats from the log's newest blocks, oldest first, before anything is appended. */
  restore(tail: readonly Block<EdgeEntry>[]): void {
    const { log, clock } = this.#options;
    this.#forgotten = forgottenOf(log.last, tail);
    this.#repeatingUntil_ms = clock.monotonic() + repeating_ms;
    const end = Math.max(0, ...tail.map(({ entries }) => entries.at(-1)?.receivedAt ?? 0));
    // after a power cut the clock may be years behind what the log ended with before
    const last = tail.reduce<Block<EdgeEntry> | undefined>(
      (a, b) => (a === undefined || b.first > a.first ? b : a),
      undefined,
    );
    const newest = last?.entries.at(-1)?.receivedAt ?? 0;
    for (const { entries } of tail) {
      for (const entry of entries) {
        if (entry.kind === "contact") this.#contacts.repeats(entry);
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
      ? sequenceKey(message.boot, message.seq)
      : trail === null
        ? null
        : deliveryKey(trail.client, messageId);
    const stamped = stamp(device, message, this.#options.time.stamp(), key);
    const isMinor = lane === "samples" || this.#contacts.repeats(stamped);
    const mayWait = isMinor && this.#options.deferral?.mayWait(device, key) === true && this.#hasRoomToWait;
    const mayRepeat = this.#mayRepeat(key, sequenced, message, origin);
    const entry = mayWait || mayRepeat !== null ? marked(stamped, mayWait, mayRepeat) : stamped;
    if (trail !== null && !sequenced) trail.remember(messageId, entry);
    const group = (this.#open[lane] ??= { entries: [], mayWait: true, durable: Promise.withResolvers() });
    group.entries.push(entry);
    group.mayWait &&= mayWait;
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

  /** What waits for the cloud counts among what waits for the disk: it must not fill that up. */
  get #hasRoomToWait(): boolean {
    return 2 * (this.#options.log.pending + this.#gathered) < this.#options.pending_max;
  }

  /** What was forgotten and may have been this; null where nothing was, or it is none that may wait. */
  #mayRepeat(key: string | null, sequenced: boolean, message: Message, origin: Origin): Interval | null {
    const forgotten = this.#forgotten;
    if (forgotten === null || key === null || key.length > keyChars_max) return null;
    if (this.#options.clock.monotonic() >= this.#repeatingUntil_ms) {
      this.#forgotten = null;
      return null;
    }
    if (laneOf(message.kind) !== "samples" && message.kind !== "contact") return null;
    if (sequenced) return forgotten.all;
    // only what says that it may come again: message ids begin anew with each connection of some clients
    return origin.again ? forgotten.recent : null;
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
    const { entries, mayWait } = group;
    this.#options.log.append(lane, entries, { mayWait }).then(
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

function marked(entry: EdgeEntry, mayWait: boolean, mayRepeat: Interval | null): EdgeEntry {
  return { ...entry, ...(mayWait ? { mayWait } : {}), ...(mayRepeat === null ? {} : { mayRepeat }) };
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
