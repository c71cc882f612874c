export interface BackoffBounds {
  readonly min_ms: number;
  readonly max_ms: number;
}

/**
 * How long to wait before another attempt: doubling from `min_ms` to `max_ms`, of which a random half is left out, so
 * that gateways that lost the cloud together don't come back together. `random` is within [0, 1).
 */
export function backoff(attempt: number, random: number, { min_ms, max_ms }: BackoffBounds): number {
  const full_ms = Math.min(max_ms, min_ms * 2 ** Math.min(attempt, 30));
  return Math.max(min_ms, Math.round(full_ms * (1 - random / 2)));
}
