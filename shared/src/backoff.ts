export interface BackoffBounds {
  readonly first_ms: number;
  readonly max_ms: number;
}

/**
 * How long to wait after some failures in a row, in whole milliseconds: twice as long after each, from the first to the
 * longest, of which a random half is left out, so that what failed together does not come again together ("Equal
 * Jitter" of "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). `random` is in [0, 1); 0 leaves nothing out.
 */
export function backoff(failures: number, random: number, { first_ms, max_ms }: BackoffBounds): number {
  const longest_ms = Math.min(max_ms, first_ms * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(longest_ms * (1 - random / 2));
}
