import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBatch, type StoredBatchReading } from "@gengfu/shared/codec/batch";
import type { Interval } from "@gengfu/shared/intervals";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { ManualClock, systemClock } from "@gengfu/shared/time/clock";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Ledger } from "../ledger/ledger.ts";
import { readingWith } from "../stores/contract.ts";
import { BatchIntake } from "./batch-intake.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";

const gateway = "main-building";
const staying = new AbortController().signal;
/** The runs of a gateway that died: what it forgot lies between its last seq on disk and the next run's first. */
const before = { id: "before", first: 1, parent: null };
const after = { id: "after", first: 10_008, parent: "before" };
const forgotten: Interval = [8, 10_007];

let folder: string;
let log: HeldLog<StoredReading>;
let ledger: Ledger;
let intake: BatchIntake;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-repeats-"));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

async function start(name = "log.db"): Promise<void> {
  const common = { clock: systemClock, logger: silentLogger };
  const file = join(folder, name);
  log = new HeldLog(openSqliteLog({ ...common, file, codec: cloudBlockCodec }));
  ledger = new Ledger({ ...common, file: join(folder, "ledger.db"), log, clock: new ManualClock() });
  await ledger.start();
  const setAside = (): never => expect.unreachable("a batch was set aside");
  intake = new BatchIntake({ log, ledger, setAside });
}

async function stop(): Promise<void> {
  await ledger.stop();
  await log.close();
}

/** A reading as the gateway sends it that has it in memory only. */
function first(seq: number, key: string, more: Partial<StoredBatchReading> = {}): StoredBatchReading {
  return { ...readingWith({ gateway, epoch: 1, seq, value: 1 }), repeat: { key, mayRepeat: null }, ...more };
}

/** A reading of a gateway that has forgotten whether it had it. */
function again(seq: number, key: string, more: Partial<StoredBatchReading> = {}): StoredBatchReading {
  return first(seq, key, { repeat: { key, mayRepeat: forgotten }, ...more });
}

function take(run: typeof before | typeof after, ...readings: StoredBatchReading[]): Promise<void> {
  return intake.take(gateway, "samples", encodeBatch({ gateway, epoch: 1, run }, readings), staying);
}

async function seqs(): Promise<number[]> {
  return (await entriesOf(log)).map(({ seq }) => seq);
}

const received = (): readonly Interval[] => ledger.view(gateway).received;

describe("a reading that a gateway took in twice, since it had forgotten the first", () => {
  it("is kept once, and counts as received under both seqs", async () => {
    await take(before, first(8, "3.1"), first(9, "3.2"));
    await take(after, again(10_008, "3.2"), again(10_009, "3.3"));
    expect(await seqs()).toEqual([8, 9, 10_009]);
    expect(received()).toEqual([
      [8, 9],
      [10_008, 10_009],
    ]);
    expect(ledger.view(gateway).fork).toBe(null);
    expect(intake.stats()).toMatchObject({ readings: 3, repeated: 1 });
  });

  it("is kept once if the second overtakes the first", async () => {
    await take(after, again(10_008, "3.2"));
    await take(before, first(8, "3.1"), first(9, "3.2"));
    expect(await seqs()).toEqual([10_008, 8]);
    expect(received()).toEqual([
      [8, 9],
      [10_008, 10_008],
    ]);
  });

  it("is kept once if both are under way at a time, and neither is acknowledged before it is on disk", async () => {
    log.hold();
    let acknowledged = 0;
    const both = [take(before, first(8, "3.1")), take(after, again(10_008, "3.1"))].map((taken) =>
      taken.then(() => (acknowledged += 1)),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(0);
    expect(received()).toEqual([]);
    log.release();
    await Promise.all(both);
    expect(await seqs()).toEqual([8]);
    expect(received()).toEqual([
      [8, 8],
      [10_008, 10_008],
    ]);
  });

  it("comes again where the first never got to the disk", async () => {
    log.hold();
    const both = Promise.allSettled([take(before, first(8, "3.1")), take(after, again(10_008, "3.1"))]);
    log.fail();
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await take(after, again(10_008, "3.1"));
    expect(await seqs()).toEqual([10_008]);
  });

  it("is known for the same after the cloud has been started again, or has another log", async () => {
    await take(before, first(8, "3.1"));
    await stop();
    await start();
    await take(after, again(10_008, "3.1"), again(10_009, "3.2"));
    expect(await seqs()).toEqual([8, 10_009]);
    await stop();
    await start("other.db");
    await take(after, again(10_008, "3.1"), again(10_010, "3.1"), again(10_009, "3.2"));
    expect(await seqs()).toEqual([]);
    expect(received()).toEqual([
      [8, 8],
      [10_008, 10_010],
    ]);
  });

  it("is known for the same though a part of its batch was there before", async () => {
    await take(before, first(8, "3.1"), first(9, "3.2"));
    await take(before, first(8, "3.1"), first(9, "3.2"), first(10, "3.3"));
    await stop();
    await start();
    await take(after, again(10_008, "3.3"));
    expect(await seqs()).toEqual([8, 9, 10]);
  });
});

describe("a reading of its own", () => {
  it.each<[string, StoredBatchReading]>([
    ["of another device", again(10_008, "3.1", { device: "other" })],
    ["of another channel", again(10_008, "3.1", { channel: "return" })],
    ["with another seq of its device", again(10_008, "3.2")],
    ["of a gateway that forgot nothing", first(10_008, "3.1")],
    [
      "of a gateway that forgot something else",
      first(10_008, "3.1", { repeat: { key: "3.1", mayRepeat: [9, 10_007] } }),
    ],
    ["delivered with the same message id, but other than the first", again(10_008, "pi#7", { value: 2 })],
  ])("is kept: %s", async (_, reading) => {
    await take(before, first(8, "3.1"), first(9, "pi#7"));
    await take(after, reading);
    expect(await seqs()).toContain(10_008);
  });

  it("is kept though it has the message id and the content of one from long before the gateway died", async () => {
    const at = Date.UTC(2026, 2, 1);
    await take(before, first(8, "pi#7", { receivedAt: at }), first(9, "pi#8", { receivedAt: at + 30_001 }));
    await take(after, again(10_008, "pi#7", { receivedAt: at + 60_000 }));
    await take(after, again(10_009, "pi#8", { receivedAt: at + 60_000 }));
    expect(await seqs()).toEqual([8, 9, 10_008]);
  });
});

it("keeps each publish once, in whatever order, batches and restarts a gateway and its second life bring it", async () => {
  const publishes = 12;
  /** What the first life sent, and what the second: some of both, each perhaps more than once. */
  const piece = fc.record({
    life: fc.constantFrom(1, 2),
    numbers: fc.uniqueArray(fc.nat(publishes - 1), { minLength: 1, maxLength: 6 }),
    restart: fc.boolean(),
    waits: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
      await stop();
      rmSync(folder, { recursive: true });
      folder = mkdtempSync(join(tmpdir(), "gengfu-repeats-"));
      await start();
      const published = new Set<number>();
      let taken: Promise<void>[] = [];
      for (const { life, numbers, restart, waits } of pieces) {
        const sorted = numbers.toSorted((a, b) => a - b);
        for (const number of numbers) published.add(number);
        const readings = sorted.map((number) =>
          life === 1
            ? first(8 + number, `3.${number}`, { value: number })
            : again(10_008 + number, `3.${number}`, { value: number }),
        );
        taken.push(take(life === 1 ? before : after, ...readings));
        if (waits) continue;
        await Promise.all(taken);
        taken = [];
        if (!restart) continue;
        await stop();
        await start();
      }
      await Promise.all(taken);
      const values = (await entriesOf(log)).map(({ value }) => value as number);
      expect(values.toSorted((a, b) => a - b)).toEqual([...published].toSorted((a, b) => a - b));
    }),
    { numRuns: 25 },
  );
});
