import { measurement, type Measurement, type Moment, type Outlet } from "./moment.ts";
import { noiseWithin } from "./noise.ts";

/** Guards who walk, in turn, from reader to reader and hold their cards to each. */
export interface Patrol {
  readonly readers: readonly Outlet[];
  readonly cards: readonly string[];
}

const first_round_ms = 5_000;
const round_every_ms = 240_000;
const leg_ms = { min: 20_000, max: 40_000 } as const;

/** The taps of one round: when, where, and whose card; the same whenever it is asked. */
export function roundTaps(
  patrol: Patrol,
  seed: number,
  round: number,
): { at_ms: number; reader: Outlet; card: string }[] {
  const card = patrol.cards[round % patrol.cards.length];
  if (card === undefined) return [];
  let at_ms = first_round_ms + round * roundPeriod(patrol);
  return patrol.readers.map((reader, stop) => {
    if (stop > 0) at_ms += noiseWithin(leg_ms.min, leg_ms.max, seed, `round-${round}`, stop);
    return { at_ms, reader, card };
  });
}

/** Long enough for the slowest walk, so that no guard is on two rounds at once. */
function roundPeriod({ readers }: Patrol): number {
  return Math.max(round_every_ms, readers.length * leg_ms.max);
}

export function stepPatrol(patrol: Patrol, moment: Moment): Measurement[] {
  const current = Math.floor((moment.elapsed_ms - first_round_ms) / roundPeriod(patrol));
  // a step may cross from one round into the next, and no round outlasts its period
  return [current - 1, current]
    .filter((round) => round >= 0)
    .flatMap((round) => roundTaps(patrol, moment.seed, round))
    .filter(({ at_ms }) => at_ms > moment.previous_ms && at_ms <= moment.elapsed_ms)
    .map(({ reader, card }) => measurement(reader, "tap", { card }));
}
