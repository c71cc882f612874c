import type { StoredReading } from "@gengfu/shared/model/reading";
import { Contacts } from "./contacts.ts";
import { postCheckOf, type PostCheck } from "./post-check.ts";

/** Frames by which repeats are known. A device resends within a minute; this is more than it can have sent meanwhile. */
const frames_max = 256;

export interface UnitRecord {
  readonly frames: readonly string[];
  readonly contacts: readonly (readonly [string, readonly string[]])[];
  readonly postCheck: PostCheck | null;
}

/** What is known of one transmission device: a fold over its readings, so that it is as durable as they are. */
export class UnitMemory {
  readonly contacts: Contacts;
  readonly #frames: Set<string>;
  #postCheck: PostCheck | null;

  constructor(record: UnitRecord = { frames: [], contacts: [], postCheck: null }) {
    this.contacts = new Contacts(record.contacts);
    this.#frames = new Set(record.frames);
    this.#postCheck = record.postCheck;
  }

  get record(): UnitRecord {
    return { frames: [...this.#frames], contacts: this.contacts.saved, postCheck: this.#postCheck };
  }

  /** The last one; null where there never was any. */
  get postCheck(): PostCheck | null {
    return this.#postCheck;
  }

  /** Whether all that a frame says is in the log already. */
  has(frameKey: string): boolean {
    return this.#frames.has(frameKey);
  }

  /** Takes note of a reading that is in the log. */
  take(reading: StoredReading): void {
    const frame = reading.detail?.["frame"];
    if (typeof frame === "string") {
      this.#frames.add(frame);
      if (this.#frames.size > frames_max) this.#frames.delete([...this.#frames.keys().take(1)].join(""));
    }
    if (reading.kind !== "contact") return;
    this.contacts.take(reading);
    this.#postCheck = postCheckOf(reading) ?? this.#postCheck;
  }
}
