/**
 * What is known of a contact's past, in event time: runs in which every reading said the same. It tells a late closure
 * that was not known yet, which must still raise, from one that was already reckoned with, which must not.
 */
export interface Run {
  /** Times of the first and of the last reading of the run, epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly active: boolean;
  /** Of an active one: the reading that people were told of, where that is not the first. */
  readonly told?: number;
}

/** Runs kept for each series; older ones are forgotten. */
export const runs_max = 16;

/** A reading that is not older than any before. */
export function appendRun(runs: readonly Run[], at: number, active: boolean): readonly Run[] {
  const last = runs.at(-1);
  if (last?.active === active) return last.until >= at ? runs : [...runs.slice(0, -1), { ...last, until: at }];
  return [...runs.slice(-(runs_max - 1)), { from: at, until: at, active }];
}

export interface LateVerdict {
  readonly runs: readonly Run[];
  /** Where the reading shows an episode that was not known: when it was over at the latest. */
  readonly episode: { readonly clearedBy: number } | null;
}

/** A reading that comes later than younger ones. An active one within a time known as inactive is a new episode. */
export function insertLate(runs: readonly Run[], at: number, active: boolean): LateVerdict {
  const nothing: LateVerdict = { runs, episode: null };
  const index = runs.findLastIndex((run) => run.from <= at);
  const before = runs[index];
  const after = runs[index + 1];
  if (before?.active === active)
    return { runs: replace(runs, index, 1, { ...before, until: Math.max(before.until, at) }), episode: null };
  if (before !== undefined && at <= before.until) {
    if (!active) return nothing;
    const rest = { from: before.until, until: before.until, active: false };
    const split = [{ ...before, until: Math.min(before.until, at) }, { from: at, until: at, active }, rest];
    return { runs: replace(runs, index, 1, ...split), episode: { clearedBy: before.until } };
  }
  if (after === undefined) return nothing;
  if (after.active === active) {
    const extended = active ? { ...after, from: at, told: toldOf(after) } : { ...after, from: at };
    return { runs: replace(runs, index + 1, 1, extended), episode: null };
  }
  return {
    runs: replace(runs, index + 1, 0, { from: at, until: at, active }),
    episode: active ? { clearedBy: after.from } : null,
  };
}

export interface Split {
  readonly runs: readonly Run[];
  /**
   * Since when the part lasts that people were not told of. Until the late opening where it is the part before that;
   * else until `clearedBy`, or null where it lasts.
   */
  readonly untold: { readonly since: number; readonly clearedBy: number | null };
}

/** A late opening amid an active run, known by times: there were two closures, and people were told of one. */
export function splitLate(runs: readonly Run[], at: number): Split | null {
  const index = runs.findLastIndex((run) => run.from < at);
  const run = runs[index];
  if (run === undefined || !run.active || at >= run.until) return null;
  const told = toldOf(run);
  const opening = { from: at, until: at, active: false };
  const isBefore = told >= at;
  const before = { from: run.from, until: run.from, active: true };
  const after = { from: isBefore ? told : run.until, until: run.until, active: true };
  return {
    runs: replace(runs, index, 1, isBefore ? before : { ...before, told }, opening, after),
    untold: isBefore
      ? { since: run.from, clearedBy: at }
      : { since: run.until, clearedBy: runs[index + 1]?.from ?? null },
  };
}

function toldOf({ told, from }: Run): number {
  return told ?? from;
}

function replace(runs: readonly Run[], index: number, count: number, ...by: readonly Run[]): readonly Run[] {
  return [...runs.slice(0, index), ...by, ...runs.slice(index + count)].slice(-runs_max);
}
