import type { StoredReading } from "@gengfu/shared/model/reading";
import { Contacts } from "./contacts.ts";
import { postCheckOf, type PostCheck } from "./post-check.ts";

/** Frames by which repeats are known. A device resends within a minute; this is more than it can have sent meanwhile. */
const frames_max = 256;

export interface UnitRecord {
  /** With when they came, epoch milliseconds. */
  readonly frames: readonly (readonly [string, number])[];
  readonly contacts: readonly (readonly [string, readonly string[]])[];
  readonly times: readonly (readonly [string, number])[];
  readonly postCheck: PostCheck | null;
}

/** What is known of one transmission device: a fold over its readings, so that it is as durable as they are. */
export class UnitMemory {
  readonly contacts: Contacts;
  readonly #devices: ReadonlySet<string>;
  readonly #frames: Map<string, number>;
  readonly #times: Map<string, number>;
  #postCheck: PostCheck | null;

  /** `devices`: those of the site that are behind it. */
  constructor(
    devices: ReadonlySet<string>,
    record: UnitRecord = { frames: [], contacts: [], times: [], postCheck: null },
  ) {
    this.#devices = devices;
    this.contacts = new Contacts(record.contacts);
    this.#frames = new Map(record.frames);
    this.#times = new Map(record.times);
    this.#postCheck = record.postCheck;
  }

  get record(): UnitRecord {
    const { saved: contacts } = this.contacts;
    return { frames: [...this.#frames], contacts, times: [...this.#times], postCheck: this.#postCheck };
  }

  /**
   * When a contact last was what it was told to be, epoch milliseconds; 0 where it never was, or is none of the site's.
   * Reports come in the order in which things happened, whatever the clocks of panel and device say.
   */
  timeOf(device: string, channel: string): number {
    return this.#times.get(`${device} ${channel}`) ?? 0;
  }

  /** The last one; null where there never was any. */
  get postCheck(): PostCheck | null {
    return this.#postCheck;
  }

  /** Whether all that a frame says is in the log already, and came at `since` or later, epoch milliseconds. */
  has(frameKey: string, since: number): boolean {
    return (this.#frames.get(frameKey) ?? -Infinity) >= since;
  }

  /** Takes note of a reading that is in the log. */
  take(reading: StoredReading): void {
    const frame = reading.detail?.["frame"];
    if (typeof frame === "string") {
      // re-entered at the end: the first of the map is the one that came longest ago
      this.#frames.delete(frame);
      this.#frames.set(frame, reading.receivedAt);
      if (this.#frames.size > frames_max) this.#frames.delete(this.#frames.keys().next().value ?? frame);
    }
    if (reading.kind !== "contact") return;
    // what names itself has no rules, and would be without end
    if (this.#devices.has(reading.device)) this.#times.set(`${reading.device} ${reading.channel}`, reading.at);
    this.contacts.take(reading);
    this.#postCheck = postCheckOf(reading) ?? this.#postCheck;
  }
}
