/** Chance that a seed repeats. */
export interface Chance {
  readonly seed: number;
  /** Within [from, to). */
  between(from: number, to: number): number;
}

/** By the seed in `GENGFU_SEED`, or a new one; whoever uses it prints it. */
export function chance(seed = Number(process.env["GENGFU_SEED"] ?? Math.floor(Math.random() * 1e9))): Chance {
  // mulberry32: enough to scatter moments
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, between: (from, to) => from + next() * (to - from) };
}
