import { describe, expect, it } from "vitest";
import { show, simulate, type Sabotage } from "./simulation.ts";

/** By hand many more are run: `npm run simulate -- --seeds 10000`. */
const seeds = 400;
const perTest = 50;

describe("the path of the readings, whatever fails", () => {
  const counts = new Map<string, number>();
  const tests = Array.from({ length: seeds / perTest }, (_, index) => [index * perTest + 1, (index + 1) * perTest]);

  it.each(tests)("seeds %i to %i", async (from = 0, to = 0) => {
    for (let seed = from; seed <= to; seed++) {
      const outcome = await simulate(seed);
      expect(outcome.violation, show(outcome)).toBeUndefined();
      for (const [what, count] of Object.entries(outcome.counts)) counts.set(what, (counts.get(what) ?? 0) + count);
    }
  });

  it("has tried all that can happen", () => {
    const wanted = [
      "batches of backlog acknowledged",
      "cloud crashes",
      "cloud power cuts",
      "cloud restarts in good order",
      "cloud-disk appends refused",
      "cloud-disk held at its bound",
      "cloud-disk writes that outlived their process",
      "deliveries twice",
      "device reboots",
      "edge crashes",
      "edge disks lost",
      "edge power cuts",
      "edge restarts in good order",
      "edge-disk writes that outlived their process",
      "points written again",
      "readings dropped at the edge's bound",
      "readings that the edge forgot",
      "readings that the edge forgot and the cloud has",
      "readings known at the cloud",
      "readings that InfluxDB was left behind by",
      "repeats known at the cloud of what the edge forgot",
      "repeats known at the edge",
      "uplink connections cut",
      "uplink connections that hung",
      "uplink messages lost",
      "wills refused",
      "writes that InfluxDB never answered",
    ];
    expect(wanted.filter((what) => (counts.get(what) ?? 0) === 0)).toEqual([]);
  });
});

describe("the simulation itself", () => {
  it("does the same again for the same seed", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      expect([seed, second.hash, second.counts]).toEqual([seed, first.hash, first.counts]);
    }
  });

  it.each<[Sabotage, string]>([
    ["edge's disk", "I1"],
    ["cloud's disk", "I1"],
    ["cloud's keys", "I3"],
    ["influx", "I1"],
  ])("finds out %s that does not do what it says", async (sabotage, invariant) => {
    const found = new Set<string | undefined>();
    for (let seed = 1; seed <= 100 && !found.has(invariant); seed++) {
      found.add((await simulate(seed, { sabotage })).violation?.invariant);
    }
    expect(found).toContain(invariant);
  });
});
