export interface LeakyBucketOptions {
  readonly perSecond: number;
  /** It holds no more; what is added beyond is not counted. */
  readonly full: number;
}

/** Counts what comes and forgets it at a rate: its level says by how much the rate was exceeded of late. */
export class LeakyBucket {
  readonly #options: LeakyBucketOptions;
  #level = 0;
  #at_ms = 0;

  constructor(options: LeakyBucketOptions) {
    this.#options = options;
  }

  /** The level with this one, by monotonic time. */
  add(now_ms: number): number {
    this.#level = Math.min(this.#options.full, this.level(now_ms) + 1);
    return this.#level;
  }

  level(now_ms: number): number {
    const leaked = (Math.max(0, now_ms - this.#at_ms) * this.#options.perSecond) / 1_000;
    this.#at_ms = now_ms;
    this.#level = Math.max(0, this.#level - leaked);
    return this.#level;
  }
}
