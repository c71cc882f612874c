import type { Clock } from "@gengfu/shared/time/clock";
import type { UnclaimedDevice, UnclaimedReport } from "@gengfu/shared/uplink-protocol";
import { showPayload } from "../intake/quarantine.ts";
import type { SeenValue } from "./foreign-mapper.ts";

/** What is kept; of more, what was silent for longest goes. */
const devices_max = 50;
const topics_max = 4;
const values_max = 16;
const nameChars_max = 128;
const topicChars_max = 256;
const payloadChars_max = 400;
/** Of a report as it goes to the cloud. */
const report_bytes_max = 200 * 1024;

export type Reason = UnclaimedDevice["reason"];

/** One publish that became no reading. */
export interface UnclaimedPublish {
  readonly via: string;
  readonly name: string;
  readonly reason: Reason;
  readonly topic: string;
  readonly payload: Buffer;
  readonly seen: readonly SeenValue[];
}

interface SeenTopic {
  /** Kept as it came: what it proposes is found out when someone asks. */
  payload: Buffer;
  count: number;
  lastSeenAt: number;
}

/** What is known of one that nobody claims. */
export interface Unknown {
  readonly via: string;
  readonly name: string;
  readonly reason: Reason;
  readonly topics: ReadonlyMap<string, Readonly<SeenTopic>>;
  readonly values: ReadonlyMap<string, SeenValue>;
}

interface Entry extends Unknown {
  readonly topics: Map<string, SeenTopic>;
  readonly values: Map<string, SeenValue>;
  readonly firstSeenAt: number;
  lastSeenAt: number;
  count: number;
}

export type Propose = (unknown: Unknown) => UnclaimedDevice["proposal"];

/** Who speaks to this gateway without being in its configuration, within bounds and in memory only. */
export class Unclaimed {
  readonly #clock: Clock;
  readonly #propose: Propose;
  /** The one heard last is last. */
  readonly #entries = new Map<string, Entry>();
  #forgotten = 0;
  #version = 0;
  #news = 0;

  constructor(clock: Clock, propose: Propose) {
    this.#clock = clock;
    this.#propose = propose;
  }

  /** Grows with everything that changes. */
  get version(): number {
    return this.#version;
  }

  /** Grows with everyone who is new. */
  get news(): number {
    return this.#news;
  }

  publish({ topic, payload, seen, ...who }: UnclaimedPublish): void {
    const entry = this.#enter(who);
    const shown = topic.slice(0, topicChars_max);
    const known = entry.topics.get(shown);
    entry.topics.delete(shown);
    entry.topics.set(shown, {
      payload: beginOf(payload),
      count: (known?.count ?? 0) + 1,
      lastSeenAt: entry.lastSeenAt,
    });
    dropFirst(entry.topics, topics_max);
    for (const value of seen) entry.values.set(value.name, value);
    dropFirst(entry.values, values_max);
  }

  /** Someone signed on under a name that nobody has. */
  refused(name: string): void {
    this.#enter({ via: "", name, reason: "not_signed_on" });
  }

  report(): UnclaimedReport {
    const devices: UnclaimedDevice[] = [];
    let forgotten = this.#forgotten;
    let bytes = 0;
    for (const entry of [...this.#entries.values()].toReversed()) {
      const device = this.#show(entry);
      bytes += Buffer.byteLength(JSON.stringify(device));
      if (bytes > report_bytes_max) forgotten += 1;
      else devices.push(device);
    }
    return { devices, forgotten };
  }

  #enter({ via, name, reason }: Pick<Unknown, "via" | "name" | "reason">): Entry {
    const now = this.#clock.now();
    const shown = name.slice(0, nameChars_max).toWellFormed();
    const key = `${via}\0${shown}`;
    const known = this.#entries.get(key);
    if (known === undefined) this.#news += 1;
    this.#version += 1;
    const entry: Entry =
      known?.reason === reason
        ? known
        : {
            via,
            name: shown,
            reason,
            topics: new Map(),
            values: new Map(),
            firstSeenAt: known?.firstSeenAt ?? now,
            lastSeenAt: now,
            count: known?.count ?? 0,
          };
    entry.count += 1;
    entry.lastSeenAt = now;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#forgotten += dropFirst(this.#entries, devices_max);
    return entry;
  }

  #show(entry: Entry): UnclaimedDevice {
    const { via, name, reason, count, firstSeenAt, lastSeenAt, topics } = entry;
    return {
      via,
      name,
      reason,
      count,
      firstSeenAt,
      lastSeenAt,
      topics: [...topics].toReversed().map(([topic, seen]) => ({
        topic: topic.toWellFormed(),
        payload: showPayload(seen.payload).slice(0, payloadChars_max),
        count: seen.count,
        lastSeenAt: seen.lastSeenAt,
      })),
      proposal: this.#propose(entry),
    };
  }
}

/** A copy of a payload's begin, in memory of its own: the rest of the chunk that it stands in is not kept. */
function beginOf(payload: Buffer): Buffer {
  const begin = Buffer.allocUnsafeSlow(Math.min(payload.length, payloadChars_max));
  payload.copy(begin);
  return begin;
}

/** Takes away what was entered first, down to a bound; answers how many that were. */
function dropFirst<Key>(map: Map<Key, unknown>, size_max: number): number {
  let dropped = 0;
  for (const key of map.keys()) {
    if (map.size <= size_max) break;
    map.delete(key);
    dropped += 1;
  }
  return dropped;
}
