/**
 * What is known of a contact's past, in event time: runs in which every reading said the same. It tells a late closure
 * that was not known yet, which must still raise, from one that was already reckoned with, which must not.
 */
export interface Run {
  /** Times of the first and of the last reading of the run, epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly active: boolean;
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
    // one open reading amid closed ones changes nothing of what people were told
    if (!active) return nothing;
    const rest = { from: before.until, until: before.until, active: false };
    const split = [{ ...before, until: Math.min(before.until, at) }, { from: at, until: at, active }, rest];
    return { runs: replace(runs, index, 1, ...split), episode: { clearedBy: before.until } };
  }
  if (after === undefined) return nothing;
  if (after.active === active) return { runs: replace(runs, index + 1, 1, { ...after, from: at }), episode: null };
  return {
    runs: replace(runs, index + 1, 0, { from: at, until: at, active }),
    episode: active ? { clearedBy: after.from } : null,
  };
}

function replace(runs: readonly Run[], index: number, count: number, ...by: readonly Run[]): readonly Run[] {
  return [...runs.slice(0, index), ...by, ...runs.slice(index + count)].slice(-runs_max);
}
