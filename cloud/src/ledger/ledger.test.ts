import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { IntervalSet, type Interval } from "@gengfu/shared/intervals";
import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Log } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import { lanes, type StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { readingWith } from "../stores/contract.ts";
import { Ledger, ledgerConsumer } from "./ledger.ts";
import { addGap, explain, forgetOldest, nothingReceived, unexplained } from "./received.ts";

let folder: string;
let log: Log<StoredReading>;
let clock: ManualClock;
let files = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-ledger-"));
  log = memoryLog<StoredReading>();
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

async function open(file = "ledger.sqlite", of = log): Promise<Ledger> {
  const ledger = new Ledger({ file: join(folder, file), log: of, clock, logger: silentLogger });
  await ledger.start();
  return ledger;
}

const readings = (seqs: readonly number[], gateway = "g", epoch = 1): StoredReading[] =>
  seqs.map((seq) => readingWith({ gateway, epoch, seq }));

/** What the ingress does with a batch. */
async function receive(ledger: Ledger, seqs: readonly number[], gateway = "g", epoch = 1, of = log): Promise<number> {
  const claim = ledger.claim(gateway, epoch, seqs);
  const fresh = claim.fresh.map((index) => seqs[index] as number);
  if (fresh.length > 0) await of.append("samples", readings(fresh, gateway, epoch));
  claim.commit();
  await claim.others;
  return fresh.length;
}

async function seqsIn(of: Log<StoredReading>): Promise<string[]> {
  const found: string[] = [];
  for (const lane of lanes) {
    for (const block of await of.read(lane, 0, { entries: Number.MAX_SAFE_INTEGER })) {
      found.push(...block.entries.map(({ gateway, epoch, seq }) => `${gateway}/${epoch}/${seq}`));
    }
  }
  return found;
}

describe("ledger", () => {
  it("lets through what is new and tells what is there and what lacks", async () => {
    const ledger = await open();
    const nothing = {
      gateway: "g",
      epoch: null,
      epochs: [],
      received: [],
      missing: [],
      unused: [],
      omitted: 0,
      fork: null,
    };
    expect(ledger.view("g")).toEqual(nothing);
    expect(await receive(ledger, [1, 2, 3])).toBe(3);
    expect(await receive(ledger, [3, 4, 8, 8])).toBe(2);
    expect(ledger.view("g")).toEqual({
      gateway: "g",
      epoch: 1,
      epochs: [1],
      received: [
        [1, 4],
        [8, 8],
      ],
      missing: [{ from: 5, to: 7, reason: unexplained }],
      unused: [],
      omitted: 0,
      fork: null,
    });
    expect(await receive(ledger, [5, 6, 7])).toBe(3);
    expect(ledger.view("g").received).toEqual([[1, 8]]);
    await ledger.stop();
  });

  it("keeps numberings apart, and takes the one used last for the current one", async () => {
    const ledger = await open();
    await receive(ledger, [1, 2], "g", 77);
    await receive(ledger, [1], "g", 5);
    await receive(ledger, [1, 2], "h", 77);
    expect(ledger.view("g")).toMatchObject({ epoch: 5, epochs: [77, 5], received: [[1, 1]] });
    expect(ledger.view("g", 77)).toMatchObject({ epoch: 77, received: [[1, 2]] });
    expect(ledger.view("g", 6)).toMatchObject({ epoch: 6, received: [] });
    await ledger.stop();
  });

  it("says why something lacks where the gateway told it", async () => {
    const ledger = await open();
    await receive(ledger, [1, 10]);
    const gap = readingWith({
      gateway: "g",
      epoch: 1,
      seq: 11,
      kind: "gap",
      value: null,
      detail: { from: 3, to: 5, reason: "the log reached its bound" },
    });
    const claim = ledger.claim("g", 1, [11]);
    await log.append("events", [gap]);
    claim.commit();
    const missing = [
      { from: 2, to: 2, reason: unexplained },
      { from: 3, to: 5, reason: "the log reached its bound" },
      { from: 6, to: 9, reason: unexplained },
    ];
    expect(ledger.view("g").missing).toEqual(missing);
    await ledger.stop();
    const again = await open();
    expect(again.view("g").missing).toEqual(missing);
    await again.stop();
  });

  it("counts what a gateway set apart and did not use for no loss, in whatever order that is told", async () => {
    const gap = (from: number, to: number) => ({
      kind: "gap" as const,
      value: null,
      detail: { from, to, reason: abandonedReason },
    });
    const whole = [
      readingWith({ gateway: "g", epoch: 1, seq: 10_008, ...gap(4, 10_007) }),
      ...readings([1, 2, 3, 5, 7]),
    ];
    for (const [index, order] of [whole, whole.toReversed()].entries()) {
      const own = memoryLog<StoredReading>();
      const ledger = await open(`unused-${index}.sqlite`, own);
      for (const reading of order) {
        const claim = ledger.claim("g", 1, [reading.seq]);
        await own.append("events", [reading]);
        claim.commit();
      }
      expect(ledger.view("g")).toMatchObject({
        received: [
          [1, 3],
          [5, 5],
          [7, 7],
          [10_008, 10_008],
        ],
        missing: [],
        unused: [
          [4, 4],
          [6, 6],
          [8, 10_007],
        ],
      });
      await ledger.stop();
    }
  });

  it("holds a repeat until the commit of what it repeats", async () => {
    const ledger = await open();
    const first = ledger.claim("g", 1, [1, 2, 3]);
    const repeat = ledger.claim("g", 1, [2, 3, 4]);
    expect(repeat.fresh).toEqual([2]);
    let acknowledged = false;
    const others = repeat.others.then(() => (acknowledged = true));
    repeat.commit();
    await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(false);
    first.commit();
    await others;
    expect(ledger.view("g").received).toEqual([[1, 4]]);
    await ledger.stop();
  });

  it("frees what was not committed, and tells those who wait for it", async () => {
    const ledger = await open();
    const first = ledger.claim("g", 1, [1, 2]);
    const repeat = ledger.claim("g", 1, [1, 2]);
    expect(repeat.fresh).toEqual([]);
    first.release();
    repeat.commit();
    await expect(repeat.others).rejects.toMatchObject({ retryable: true });
    expect(ledger.view("g").received).toEqual([]);
    expect(ledger.claim("g", 1, [1, 2]).fresh).toEqual([0, 1]);
    await ledger.stop();
  });

  it("lets the log go on only behind what it wrote down", async () => {
    const ledger = await open();
    await receive(ledger, [1, 2, 3]);
    expect(log.cursor(ledgerConsumer, "samples")).toBe(0);
    clock.advance(5_000);
    expect(log.cursor(ledgerConsumer, "samples")).toBe(3);
    await ledger.stop();
  });

  it("knows what it had when the log starts anew, and follows the new one", async () => {
    const ledger = await open();
    await receive(ledger, [1, 2, 3], "g", 40);
    await receive(ledger, [1, 2, 3], "g", 41);
    await ledger.stop();
    const fresh = memoryLog<StoredReading>(2);
    const again = await open("ledger.sqlite", fresh);
    expect(again.view("g")).toMatchObject({ epoch: 41, received: [[1, 3]] });
    expect(await receive(again, [3, 4], "g", 40, fresh)).toBe(1);
    expect(again.view("g")).toMatchObject({ epoch: 40, received: [[1, 4]] });
    await again.stop();
  });

  it("takes in what is appended while it starts", async () => {
    await log.append("samples", readings([1, 2]));
    await log.append("samples", readings([3]));
    let late = false;
    const busy: typeof log = Object.create(log, {
      read: {
        async value(...query: Parameters<typeof log.read>) {
          const blocks = await log.read(...query);
          if (query[0] === "samples" && blocks.length === 0 && !late) {
            late = true;
            await log.append("samples", readings([9]));
          }
          return blocks;
        },
      },
    });
    const ledger = await open("ledger.sqlite", busy);
    expect(late).toBe(true);
    expect(ledger.view("g").received).toEqual([
      [1, 3],
      [9, 9],
    ]);
    await ledger.stop();
  });

  it("remembers a bounded number of numberings", async () => {
    const ledger = await open();
    for (let epoch = 1; epoch <= 40; epoch++) await receive(ledger, [1], "g", epoch);
    expect(ledger.view("g").epochs).toHaveLength(32);
    expect(ledger.view("g").epoch).toBe(40);
    expect(ledger.stats().forgotten).toBe(8);
    await ledger.stop();
    const again = await open();
    expect(again.view("g").epochs).toHaveLength(32);
    await again.stop();
  });
});

type Step =
  | { kind: "batch"; gateway: string; epoch: number; seqs: number[] }
  | { kind: "commit"; which: number }
  | { kind: "release"; which: number }
  | { kind: "restart"; clean: boolean; checkpoint: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("batch" as const),
      gateway: fc.constantFrom("g", "h"),
      epoch: fc.constantFrom(1, 2),
      seqs: fc.oneof(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
        fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(12)).map(([from, more]) => range(from, from + more)),
      ),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("commit" as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restart" as const), clean: fc.boolean(), checkpoint: fc.boolean() }),
  },
);

it("takes each reading once, whatever is repeated, reordered, overlapping, given up or restarted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const own = memoryLog<StoredReading>();
      let file = `ledger-${(files += 1)}.sqlite`;
      let ledger = await open(file, own);
      let open_claims: { claim: ReturnType<Ledger["claim"]>; fresh: StoredReading[] }[] = [];
      for (const each of steps) {
        if (each.kind === "batch") {
          const claim = ledger.claim(each.gateway, each.epoch, each.seqs);
          const fresh = claim.fresh.map((index) => each.seqs[index] as number);
          open_claims.push({ claim, fresh: readings(fresh, each.gateway, each.epoch) });
        } else if (each.kind === "restart") {
          // what was not committed is lost with the process
          open_claims = [];
          if (each.checkpoint) clock.advance(5_000);
          // what a crash leaves behind: the files as they are now
          const next = each.clean ? file : `ledger-${(files += 1)}.sqlite`;
          if (!each.clean) {
            for (const suffix of ["", "-wal"]) copyFileSync(join(folder, file + suffix), join(folder, next + suffix));
          }
          await ledger.stop();
          file = next;
          ledger = await open(file, own);
        } else {
          const [taken] = open_claims.splice(each.which % Math.max(1, open_claims.length), 1);
          if (taken === undefined) continue;
          if (each.kind === "release") taken.claim.release();
          else {
            if (taken.fresh.length > 0) await own.append("samples", taken.fresh);
            taken.claim.commit();
          }
        }
      }
      const inLog = await seqsIn(own);
      expect(new Set(inLog).size).toBe(inLog.length);
      const compare = async (): Promise<void> => {
        for (const gateway of ["g", "h"]) {
          for (const epoch of [1, 2]) {
            const expected = new IntervalSet(
              inLog
                .filter((name) => name.startsWith(`${gateway}/${epoch}/`))
                .map((name): Interval => [Number(name.split("/")[2]), Number(name.split("/")[2])]),
            );
            const view = ledger.view(gateway, epoch);
            expect(view.received).toEqual(expected.intervals);
            expect(view.missing.map(({ from, to }) => [from, to])).toEqual(
              expected.missing(1, expected.highest ?? 0).map((hole) => [...hole]),
            );
          }
        }
      };
      await compare();
      await ledger.stop();
      ledger = await open(file, own);
      await compare();
      await ledger.stop();
      ledger = await open(`${file}-lost`, own);
      await compare();
      await ledger.stop();
    }),
    { numRuns: 60 },
  );
});

it("explains each missing seq once, in order", () => {
  const interval = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(15));
  fc.assert(
    fc.property(fc.array(interval), fc.array(interval, { maxLength: 8 }), (have, dropped) => {
      const set = new IntervalSet(have.map(([from, more]): Interval => [from, from + more]));
      const received = nothingReceived("g", 1);
      for (const [from, more] of dropped) addGap(received, { from, to: from + more, reason: "bound" });
      const pieces = explain(set.missing(1, 80), received.gaps);
      const told = pieces.flatMap(({ from, to, reason }) => range(from, to).map((seq) => [seq, reason]));
      const expected = range(1, 80)
        .filter((seq) => !set.has(seq))
        .map((seq) => [seq, dropped.some(([from, more]) => from <= seq && seq <= from + more) ? "bound" : unexplained]);
      expect(told).toEqual(expected);
    }),
  );
});

it("forgets the oldest intervals at the bound, and says from where on it knows", () => {
  const received = nothingReceived("g", 1);
  for (let seq = 1; seq <= 21; seq += 2) received.seqs.add(seq, seq);
  expect(forgetOldest(received, 11)).toBe(0);
  received.seqs.add(23, 23);
  expect(forgetOldest(received, 11)).toBe(6);
  expect(received.floor).toBe(13);
  expect(received.seqs.size).toBe(6);
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
