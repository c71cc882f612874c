import type { Detail, Reading } from "@gengfu/shared/model/reading";
import { showTag, timeOf } from "./time-tag.ts";

/** Beyond this age a time is taken for one of a clock that was never set, not for that of a report that had to wait. */
const age_max_ms = 30 * 86_400_000;

export interface MomentsOptions {
  /** By the cloud's clock, epoch milliseconds. */
  readonly receivedAt: number;
  readonly zone: string;
  /** When the frame was sent, as it says. */
  readonly sent: Uint8Array;
  /** By how much the device's clock may differ from ours, milliseconds. */
  readonly deviation_max_ms: number;
}

export type Moment = Pick<Reading, "at" | "receivedAt" | "clock"> & { readonly detail: Detail };

/** Which time an object is given: its own where that can be so, else when it was received, with what it said in `told`. */
export class Moments {
  readonly #options: MomentsOptions;
  /** By how much the device's clock is ahead, milliseconds; undefined where it says no time. */
  readonly deviation_ms: number | undefined;

  constructor(options: MomentsOptions) {
    this.#options = options;
    const sentAt = timeOf(options.sent, options.zone);
    this.deviation_ms = sentAt === undefined ? undefined : sentAt - options.receivedAt;
  }

  /** Whether the device's clock is right, as far as it says. */
  get isClockRight(): boolean {
    return this.deviation_ms === undefined || Math.abs(this.deviation_ms) <= this.#options.deviation_max_ms;
  }

  of(time: Uint8Array | undefined): Moment {
    const { receivedAt, zone, deviation_max_ms } = this.#options;
    const received = { at: receivedAt, receivedAt, clock: "synchronised", detail: {} } as const;
    if (time === undefined) return received;
    const at = timeOf(time, zone);
    const possible = at !== undefined && at <= receivedAt + deviation_max_ms && at >= receivedAt - age_max_ms;
    if (!possible || !this.isClockRight) return { ...received, detail: { told: showTag(time) } };
    // a clock that is ahead by less than is allowed must not put readings into the future
    return { at: Math.min(at, receivedAt), receivedAt, clock: "device", detail: {} };
  }
}
