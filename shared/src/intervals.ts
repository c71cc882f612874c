/** A set of integers as sorted, disjoint, non-adjacent intervals, both ends included. */
export type Interval = readonly [from: number, to: number];

export class IntervalSet {
  #intervals: [number, number][] = [];

  constructor(intervals: Iterable<Interval> = []) {
    for (const [from, to] of intervals) this.add(from, to);
  }

  /** Adds from..to; returns how many of them were new. */
  add(from: number, to: number): number {
    if (!(from <= to)) return 0;
    const list = this.#intervals;
    // the first interval that touches or lies behind from..to
    let low = this.#firstEndingAtOrAfter(from - 1);
    const start = low;
    let merged_from = from;
    let merged_to = to;
    let known = 0;
    for (; low < list.length; low++) {
      const interval = list[low] as [number, number];
      if (interval[0] > to + 1) break;
      known += Math.max(0, Math.min(to, interval[1]) - Math.max(from, interval[0]) + 1);
      merged_from = Math.min(merged_from, interval[0]);
      merged_to = Math.max(merged_to, interval[1]);
    }
    list.splice(start, low - start, [merged_from, merged_to]);
    return to - from + 1 - known;
  }

  has(value: number): boolean {
    const interval = this.#intervals[this.#firstEndingAtOrAfter(value)];
    return interval !== undefined && interval[0] <= value;
  }

  /** Whether any of from..to is in it. */
  hasAny(from: number, to: number): boolean {
    const interval = this.#intervals[this.#firstEndingAtOrAfter(from)];
    return interval !== undefined && interval[0] <= to;
  }

  /** What lacks between from and to. */
  missing(from: number, to: number): Interval[] {
    const gaps: Interval[] = [];
    let next = from;
    for (let index = this.#firstEndingAtOrAfter(from); next <= to; index++) {
      const interval = this.#intervals[index];
      const end = interval === undefined ? to : Math.min(interval[0] - 1, to);
      if (end >= next) gaps.push([next, end]);
      if (interval === undefined) break;
      next = Math.max(next, interval[1] + 1);
    }
    return gaps;
  }

  get intervals(): readonly Interval[] {
    return this.#intervals;
  }

  /** How many integers it holds. */
  get size(): number {
    return this.#intervals.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }

  get highest(): number | undefined {
    return this.#intervals.at(-1)?.[1];
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#intervals[middle] as [number, number])[1] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
