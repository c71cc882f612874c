import { IntervalSet } from "@gengfu/shared/intervals";
import type { LogRun } from "@gengfu/shared/log/log";
import { beforeEach, describe, expect, it } from "vitest";
import { Lineage } from "./lineage.ts";

const told = 7;
const now = 1_000;
const p: LogRun = { id: "p", first: 1, parent: null };
const restarted: LogRun = { id: "q", first: 101, parent: "p" };
const restored: LogRun = { id: "r", first: 101, parent: "p" };

let lineage: Lineage;
let kept: Map<number, IntervalSet>;
beforeEach(() => {
  lineage = new Lineage(told);
  kept = new Map();
});

/** Takes the readings from..to of a run, and says under which epochs; the told one is 0, any other by its order. */
function take(run: LogRun, from: number, to: number): (readonly [epoch: number, count: number])[] {
  const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const placed = lineage.place(run, seqs, (epoch, least, most) => kept.get(epoch)?.hasAny(least, most) ?? false, now);
  lineage = placed.lineage;
  let next = from;
  return placed.places.map(({ epoch, count }) => {
    const set = kept.get(epoch) ?? new IntervalSet();
    kept.set(epoch, set);
    expect(set.add(next, next + count - 1)).toBe(count);
    next += count;
    return [nameOf(epoch), count] as const;
  });
}

function nameOf(epoch: number): number {
  return epoch === told ? 0 : 1 + [...kept.keys()].filter((each) => each !== told).indexOf(epoch);
}

const pieces = (run?: string) => lineage.pieces(run).map(({ epoch, from, to }) => [nameOf(epoch), from, to]);

describe("the lineage of a log", () => {
  it("keeps what restarts append under the epoch that the gateway tells, in whatever order it comes", () => {
    expect(take(p, 1, 60)).toEqual([[0, 60]]);
    expect(take({ id: "s", first: 150, parent: "q" }, 150, 160)).toEqual([[0, 11]]);
    expect(take(p, 61, 100)).toEqual([[0, 40]]);
    expect(take(restarted, 120, 149)).toEqual([[0, 30]]);
    expect(take(restarted, 101, 119)).toEqual([[0, 19]]);
    expect(lineage.fork).toBeNull();
    expect(pieces("s")).toEqual([
      [0, 150, Infinity],
      [0, 101, 149],
      [0, 1, 100],
    ]);
  });

  it("keeps what a restored copy appends under an epoch of its own, and what follows on it too", () => {
    take(p, 1, 90);
    take(p, 95, 200);
    expect(take(restored, 101, 110)).toEqual([[1, 10]]);
    expect(lineage.fork).toMatchObject({ from: 101, at: now });
    expect(take(p, 91, 94)).toEqual([[0, 4]]);
    expect(take({ id: "s", first: 111, parent: "r" }, 111, 300)).toEqual([[1, 190]]);
    expect(take({ id: "q", first: 201, parent: "p" }, 201, 202)).toEqual([[0, 2]]);
    expect(pieces("s")).toEqual([
      [1, 111, Infinity],
      [1, 101, 110],
      [0, 1, 100],
    ]);
    expect(pieces("q")).toEqual([
      [0, 201, Infinity],
      [0, 1, 200],
    ]);
  });

  it("takes a copy for a restart where nothing of what it lacks has come, and finds out when it does", () => {
    take(p, 1, 90);
    expect(take(restored, 101, 130)).toEqual([[0, 30]]);
    expect(lineage.fork).toBeNull();
    expect(take(p, 91, 120)).toEqual([
      [0, 10],
      [1, 20],
    ]);
    expect(lineage.fork).toMatchObject({ from: 101 });
    expect(take({ id: "s", first: 131, parent: "r" }, 131, 140)).toEqual([[0, 10]]);
    expect(take(p, 121, 150)).toEqual([[1, 30]]);
    expect(take({ id: "q", first: 151, parent: "p" }, 151, 160)).toEqual([[2, 10]]);
    expect(pieces("q")).toEqual([
      [2, 151, Infinity],
      [1, 101, 150],
      [0, 1, 100],
    ]);
  });

  it("keeps copies of one state apart that begin at the same seq", () => {
    take(p, 1, 100);
    expect(take(restarted, 101, 105)).toEqual([[0, 5]]);
    expect(take(restored, 106, 110)).toEqual([[1, 5]]);
    expect(take({ ...restored, id: "s" }, 101, 101)).toEqual([[2, 1]]);
  });

  it("keeps a copy of a restored copy apart from that", () => {
    take(p, 1, 200);
    take(restored, 101, 180);
    expect(take({ id: "s", first: 150, parent: "r" }, 150, 170)).toEqual([[2, 21]]);
    expect(take({ id: "t", first: 181, parent: "r" }, 181, 190)).toEqual([[1, 10]]);
    expect(take(restored, 181, 181)).toEqual([[3, 1]]);
    expect(pieces("s")).toEqual([
      [2, 150, Infinity],
      [1, 101, 149],
      [0, 1, 100],
    ]);
  });

  it("knows a run again that it had forgotten", () => {
    take(p, 1, 200);
    const { places } = lineage.place(restored, [101], () => true, now);
    const anew = new Lineage(told).place(p, [150], () => false, now).lineage;
    expect(anew.place(restored, [101], () => true, now).places).toEqual(places);
  });

  it("takes what is there from before the first run that it hears of for that run's", () => {
    kept.set(told, new IntervalSet([[1, 150]]));
    expect(lineage.place(restored, [140, 151], () => true, now).places).toEqual([{ epoch: told, count: 2 }]);
  });

  it("remembers a bounded number of runs, and mistakes none of the forgotten ones for a restart", () => {
    for (let index = 0; index < 1_010; index++) {
      const parent = index === 0 ? null : `run ${index - 1}`;
      take({ id: `run ${index}`, first: 10 * index + 1, parent }, 10 * index + 1, 10 * index + 8);
    }
    expect(lineage.record.runs).toHaveLength(1_000);
    expect(lineage.fork).toBeNull();
    expect(take({ id: "copy", first: 46, parent: "run 4" }, 46, 50)).toEqual([[1, 5]]);
    expect(lineage.record.runs).toHaveLength(1_000);
  });
});
