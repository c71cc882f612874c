import { keyChars_max } from "@gengfu/shared/codec/repeat-key";
import type { Clock } from "@gengfu/shared/time/clock";
import { LeakyBucket } from "./leaky-bucket.ts";

export interface DeferralOptions {
  /** Whether the cloud acknowledges soon what is sent now: within about a second. */
  readonly acknowledgesSoon: () => boolean;
  readonly clock: Clock;
}

/**
 * Readings a second beyond which none waits. Each commit then takes many of them to the disk, so that one costs next to
 * nothing, and what would come back from the cloud only with the line's delay comes back with the disk's.
 */
export const waiting_perSecond = 300;
/**
 * A device that sends more often than twice a second, for longer than a burst, has most likely waited for the last
 * acknowledgement before it sent the next: it is not to wait for the cloud each time.
 */
const device_perSecond = 2;
const deviceBurst = 10;
/** What a device sends within this time is of one burst. */
const moment_ms = 10;
const devices_max = 10_000;

interface Pace {
  readonly bucket: LeakyBucket;
  counted_ms: number;
}

/** Says of readings that come in whether they may wait in memory until the cloud has them. */
export class Deferral {
  readonly #options: DeferralOptions;
  readonly #all = new LeakyBucket({ perSecond: waiting_perSecond, full: 2 * waiting_perSecond });
  readonly #devices = new Map<string, Pace>();

  constructor(options: DeferralOptions) {
    this.#options = options;
  }

  /** To be asked of each one that is of a kind that may wait. `key`: what its repeat would be known by. */
  mayWait(device: string, key: string | null): boolean {
    const { acknowledgesSoon, clock } = this.#options;
    const now_ms = clock.monotonic();
    const level = this.#all.add(now_ms);
    const own = this.#add(device, now_ms);
    if (level > waiting_perSecond || own > deviceBurst) return false;
    return (key === null || key.length <= keyChars_max) && acknowledgesSoon();
  }

  #add(device: string, now_ms: number): number {
    let pace = this.#devices.get(device);
    if (pace === undefined) {
      // whoever names so many is not to be waited for
      if (this.#devices.size >= devices_max) return Infinity;
      const bucket = new LeakyBucket({ perSecond: device_perSecond, full: 2 * deviceBurst });
      this.#devices.set(device, (pace = { bucket, counted_ms: -Infinity }));
    }
    if (now_ms - pace.counted_ms < moment_ms) return pace.bucket.level(now_ms);
    pace.counted_ms = now_ms;
    return pace.bucket.add(now_ms);
  }
}
