/** How long a service that died is left before it is started again. */
export const restart = { first_ms: 200, most_ms: 5_000, healthy_after_ms: 30_000 } as const;

/** Doubles from the first delay to the longest; begins anew when the service had run well for a while. */
export function nextDelay(previous_ms: number | undefined, ran_ms: number): number {
  if (previous_ms === undefined || ran_ms >= restart.healthy_after_ms) return restart.first_ms;
  return Math.min(previous_ms * 2, restart.most_ms);
}
