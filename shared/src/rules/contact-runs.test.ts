import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appendRun, insertLate, runs_max, splitLate, type Run } from "./contact-runs.ts";

const open = (from: number, until = from): Run => ({ from, until, active: false });
const closed = (from: number, until = from): Run => ({ from, until, active: true });

describe("the past of a contact", () => {
  it("joins what says the same", () => {
    const runs = [1, 2, 3].reduce<readonly Run[]>((past, at) => appendRun(past, at, true), []);
    expect(appendRun(runs, 9, false)).toEqual([closed(1, 3), open(9)]);
  });

  it("finds a closure amid a time that was known as open", () => {
    expect(insertLate([open(0, 100)], 40, true)).toEqual({
      runs: [open(0, 40), closed(40), open(100)],
      episode: { clearedBy: 100 },
    });
  });

  it("finds a closure before all that was known", () => {
    expect(insertLate([open(50, 100)], 40, true)).toEqual({
      runs: [closed(40), open(50, 100)],
      episode: { clearedBy: 50 },
    });
  });

  it("takes the repeats of a late closure for the same", () => {
    const { runs } = insertLate([open(0, 100)], 40, true);
    const repeated = insertLate(runs, 60, true);
    expect(repeated).toEqual({ runs: [open(0, 40), closed(40, 60), open(100)], episode: null });
    const ended = insertLate(repeated.runs, 70, false);
    expect(ended).toEqual({ runs: [open(0, 40), closed(40, 60), open(70, 100)], episode: null });
    expect(insertLate(ended.runs, 80, true).episode).toEqual({ clearedBy: 100 });
  });

  it("takes a closure just before a known one for the same", () => {
    expect(insertLate([open(0, 10), closed(50, 60)], 40, true)).toEqual({
      runs: [open(0, 10), { ...closed(40, 60), told: 50 }],
      episode: null,
    });
  });

  it("finds two closures in one by a late opening, the one that people were not told of being what is left", () => {
    expect(splitLate([closed(10, 50)], 20)).toEqual({
      runs: [{ ...closed(10), told: 10 }, open(20), closed(50)],
      untold: { since: 50, clearedBy: null },
    });
    expect(splitLate([closed(10, 50), open(60)], 20)?.untold).toEqual({ since: 50, clearedBy: 60 });
    expect(splitLate([{ ...closed(10, 50), told: 40 }], 20)).toEqual({
      runs: [closed(10), open(20), closed(40, 50)],
      untold: { since: 10, clearedBy: 20 },
    });
    for (const at of [5, 10, 50, 55]) expect(splitLate([open(0), closed(10, 50), open(60)], at)).toBeNull();
  });

  it("finds nothing new in what it has seen, whatever the order", () => {
    const seen = fc.array(fc.record({ at: fc.nat(30), active: fc.boolean() }), { maxLength: runs_max });
    fc.assert(
      fc.property(seen, fc.nat(), (readings, pick) => {
        const unique = [...new Map(readings.map((one) => [one.at, one])).values()];
        fc.pre(unique.length > 0);
        let runs: readonly Run[] = [];
        let newest = -1;
        for (const { at, active } of unique) {
          runs = at > newest ? appendRun(runs, at, active) : insertLate(runs, at, active).runs;
          newest = Math.max(newest, at);
        }
        const again = unique[pick % unique.length] as { at: number; active: boolean };
        expect(insertLate(runs, again.at, again.active).episode).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it("stays within its bound, its runs in order and alternating", () => {
    const readings = fc.array(fc.record({ at: fc.nat(1000), active: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(readings, (all) => {
        let runs: readonly Run[] = [];
        let newest = -1;
        for (const { at, active } of all) {
          runs = at > newest ? appendRun(runs, at, active) : insertLate(runs, at, active).runs;
          newest = Math.max(newest, at);
          expect(runs.length).toBeLessThanOrEqual(runs_max);
          runs.forEach((run, index) => {
            const next = runs[index + 1];
            expect(run.from).toBeLessThanOrEqual(run.until);
            if (next === undefined) return;
            expect(next.active).toBe(!run.active);
            expect(run.until).toBeLessThanOrEqual(next.from);
          });
        }
      }),
    );
  });
});
