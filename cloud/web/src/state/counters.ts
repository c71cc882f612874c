import type { SeriesPoint } from "../api/types.ts";
import type { Counter } from "./world.ts";

/**
 * Pulses of a day from the buckets of a counter that only goes up but begins anew at 0 when its device starts. The
 * bucket before `dayStart`, where there is one, gives what it stood at before; without it the first one counts from its
 * own least value. A restart within a bucket hides the pulses between the last reading before it and the restart. `to` is
 * the end of what the buckets were asked for: what is younger is still to be counted.
 */
export function countDay(points: readonly SeriesPoint[], dayStart: number, to: number): Counter | null {
  let today = 0;
  let before: SeriesPoint | undefined;
  for (const point of points) {
    if (point.at >= dayStart) today += gained(point, before);
    before = point;
  }
  return before === undefined ? null : { today, total: before.max, at: to };
}

/** Takes in one more reading of the counter; one that is not newer changes nothing. */
export function count(counter: Counter | undefined, at: number, total: number): Counter {
  if (counter === undefined) return { today: 0, total, at };
  if (at <= counter.at) return counter;
  const step = total >= counter.total ? total - counter.total : total;
  return { today: counter.today + step, total, at };
}

function gained(point: SeriesPoint, before: SeriesPoint | undefined): number {
  if (before === undefined) return point.max - point.min;
  return point.max >= before.max ? point.max - before.max : point.max;
}
