import type { ParsedPublish } from "@gengfu/firmware-contracts/parse";
import type { Clock } from "@gengfu/shared/time/clock";
import { detailMessage, type Message } from "./message.ts";

const interval_ms = 60_000;
const payload_bytes_max = 2_048;
const topic_chars_max = 256;

export type Broken = Extract<ParsedPublish, { verdict: "quarantine" }>;

/** What becomes of a payload that breaks the contract: kept, or counted only, of which the first is to be told. */
export type QuarantineRoom = "keep" | "first_over" | "over";

/** Bounds what is kept of broken payloads, for each device by itself, in each minute. */
export class Quarantine {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #devices = new Map<string, { since: number; count: number }>();
  #total = 0;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Payloads that broke the contract, kept or not, since the start. */
  get total(): number {
    return this.#total;
  }

  enter(device: string): QuarantineRoom {
    this.#total += 1;
    const now = this.#clock.monotonic();
    const known = this.#devices.get(device);
    if (known === undefined || now - known.since >= interval_ms) {
      this.#devices.set(device, { since: now, count: 1 });
      return "keep";
    }
    known.count += 1;
    if (known.count <= this.#perMinute) return "keep";
    return known.count === this.#perMinute + 1 ? "first_over" : "over";
  }
}

/** The reading that a broken payload becomes, with the begin of what was sent. */
export function quarantineMessage(topic: string, payload: Buffer, { code, detail }: Broken): Message {
  return detailMessage("quarantine", {
    topic: topic.slice(0, topic_chars_max).toWellFormed(),
    code,
    message: detail.message,
    path: detail.path,
    payload: showPayload(payload),
  });
}

/** The begin of a payload: as text, or where it is none as `base64:...`. */
export function showPayload(payload: Buffer): string {
  const begin = payload.subarray(0, payload_bytes_max);
  try {
    // told that more may come, the decoder leaves out a character that the cut went through
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(begin, { stream: true });
  } catch {
    return `base64:${payload.subarray(0, (payload_bytes_max / 4) * 3).toString("base64")}`;
  }
}
