import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GengfuError } from "@gengfu/shared/errors";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { readingWith } from "../contract.ts";
import type { WriteResult } from "../store.ts";
import { ParkedReadings } from "./parked-readings.ts";

const y2000 = Date.UTC(2000, 0, 1);
const offset_ms = Date.UTC(2026, 10, 1);
const hour_ms = 3_600_000;

/** A store of points: one for each time of a series. */
class Points {
  readonly at = new Map<number, Set<number>>();
  failure: Error | undefined;
  /** Set where what fails has been stored before. */
  storesAnyway = false;

  write(readings: readonly StoredReading[]): Promise<WriteResult> {
    if (this.failure === undefined || this.storesAnyway) {
      for (const { seq, at, kind } of readings) {
        if (kind === "level") this.at.set(seq, (this.at.get(seq) ?? new Set()).add(at));
      }
    }
    return this.failure === undefined ? Promise.resolve({ rejected: [] }) : Promise.reject(this.failure);
  }

  /** From now on stores, and says that it can't be reached. */
  loseAnswers(): void {
    this.failure = new GengfuError("store_unavailable", "away", { retryable: true });
    this.storesAnyway = true;
  }

  /** Every point of a seq. */
  of({ seq }: StoredReading): number[] {
    return [...(this.at.get(seq) ?? [])];
  }
}

let folder: string;
let clock: ManualClock;
let points: Points;
let parked: ParkedReadings;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-parked-"));
  clock = new ManualClock(offset_ms);
  points = new Points();
  parked = open();
});
afterEach(() => {
  parked.close();
  rmSync(folder, { recursive: true });
});

function open(): ParkedReadings {
  const file = join(folder, "parked.db");
  return new ParkedReadings({ file, store: points, age_max_ms: 24 * hour_ms, clock, logger: silentLogger });
}

function reopen(): void {
  parked.close();
  parked = open();
}

function unsure(ms: number, part: Partial<StoredReading> = {}): StoredReading {
  const at = y2000 + ms;
  return readingWith({ at, receivedAt: at, clock: "unsynchronised", sinceBoot: { boot: 7, ms }, ...part });
}

const clockRecord = (boot = 7, gateway = "main-building", offset = offset_ms): StoredReading =>
  readingWith({ kind: "clock", value: null, device: gateway, gateway, detail: { boot, offset_ms: offset } });

it("holds back what has no time to be believed, over a restart, until its boot is dated", async () => {
  const [early, other, foreign, sure] = [
    unsure(1),
    unsure(2, { sinceBoot: { boot: 8, ms: 2 } }),
    unsure(3, { gateway: "tribunal-2" }),
    readingWith({}),
  ];
  await parked.write([early, other, foreign, sure]);
  expect(points.at.size).toBe(1);
  expect(parked.parked).toBe(3);
  reopen();
  const late = unsure(4);
  await parked.write([clockRecord(), late]);
  expect([early, late].map((reading) => points.of(reading))).toEqual([[offset_ms + 1], [offset_ms + 4]]);
  expect(parked.parked).toBe(2);
  reopen();
  const later = unsure(5);
  await parked.write([later]);
  expect(points.of(later)).toEqual([offset_ms + 5]);
});

it("holds back nothing that has a time: the device's, or one taken for right", async () => {
  const told = unsure(1, { clock: "device", at: offset_ms });
  const assumed = unsure(2, { clock: "synchronised", at: offset_ms });
  await parked.write([told, assumed]);
  expect([told, assumed].map((reading) => points.of(reading))).toEqual([[offset_ms], [offset_ms]]);
});

it("lets go on what has waited for a day, as it is, and only once", async () => {
  const old = unsure(1);
  await parked.write([old]);
  clock.advance(23 * hour_ms);
  const young = unsure(2);
  await parked.write([young]);
  clock.advance(hour_ms);
  await parked.releaseOld();
  expect([points.of(old), points.of(young)]).toEqual([[y2000 + 1], []]);
  await parked.write([clockRecord()]);
  expect([points.of(old), points.of(young)]).toEqual([[y2000 + 1], [offset_ms + 2]]);
});

it("keeps what it holds when the store fails, and lets it go when the same comes again", async () => {
  const early = unsure(1);
  await parked.write([early]);
  const record = clockRecord();
  points.failure = new GengfuError("store_unavailable", "away", { retryable: true });
  await expect(parked.write([record])).rejects.toThrow("away");
  await expect(parked.releaseOld()).resolves.toBeUndefined();
  clock.advance(25 * hour_ms);
  await expect(parked.releaseOld()).rejects.toThrow("away");
  expect(parked.parked).toBe(1);
  points.failure = undefined;
  await parked.write([record]);
  expect(points.of(early)).toEqual([offset_ms + 1]);
  expect(parked.parked).toBe(0);
});

it("moves no reading whose first write may have been stored, when its time turns out wrong meanwhile", async () => {
  const wrong = { clock: "synchronised", at: offset_ms - hour_ms, receivedAt: offset_ms - hour_ms } as const;
  const [assumed, later] = [1, 2].map((ms) => unsure(ms, { ...wrong, sinceBoot: { boot: 7, ms } }));
  if (assumed === undefined || later === undefined) throw new Error("there are two");
  points.loseAnswers();
  await expect(parked.write([assumed])).rejects.toThrow("away");
  points.failure = undefined;
  await parked.write([clockRecord()]);
  reopen();
  await parked.write([assumed]);
  await parked.write([later]);
  expect([assumed, later].map((reading) => points.of(reading))).toEqual([[wrong.at], [wrong.at]]);
});

it("puts right what was taken for right and comes after its boot was dated", async () => {
  const at = offset_ms - hour_ms;
  const assumed = unsure(1, { clock: "synchronised", at, receivedAt: at });
  await parked.write([clockRecord()]);
  await parked.write([assumed]);
  expect(points.of(assumed)).toEqual([offset_ms + 1]);
});

it("lets go on as it is what may have gone on so, though its boot is dated before it is tried again", async () => {
  const old = unsure(1);
  await parked.write([old]);
  clock.advance(25 * hour_ms);
  points.loseAnswers();
  await expect(parked.releaseOld()).rejects.toThrow("away");
  points.failure = undefined;
  await parked.write([clockRecord()]);
  expect(points.of(old)).toEqual([y2000 + 1]);
  expect(parked.parked).toBe(0);
});

it("parks nothing of a write that comes again, and writes nothing again that is parked", async () => {
  const [early, sure] = [unsure(1), readingWith({})];
  points.failure = new GengfuError("store_unavailable", "away", { retryable: true });
  await expect(parked.write([early, sure])).rejects.toThrow("away");
  expect(parked.parked).toBe(0);
  points.failure = undefined;
  await parked.write([early, sure]);
  clock.advance(25 * hour_ms);
  points.failure = new GengfuError("store_unavailable", "away", { retryable: true });
  await expect(parked.releaseOld()).rejects.toThrow("away");
  points.failure = undefined;
  await parked.write([clockRecord(), early]);
  expect(points.of(early)).toEqual([y2000 + 1]);
});

it("keeps to the first time of a boot, at which readings may stand already", async () => {
  const early = unsure(1);
  await parked.write([early, clockRecord()]);
  await parked.write([clockRecord(7, "main-building", offset_ms + hour_ms)]);
  await parked.write([early]);
  expect(points.of(early)).toEqual([offset_ms + 1]);
});

it("makes each reading one point at its right time, in whatever order and however often all of it comes", async () => {
  const { seq } = readingWith({});
  const readings = [7, 8].flatMap((boot, index) => [
    ...[1, 2, 3].map((ms, place) => unsure(ms, { sinceBoot: { boot, ms }, seq: seq + 10 * index + place })),
    { ...clockRecord(boot), seq: seq + 10 * index + 9 },
  ]);
  const step = fc.record({
    reading: fc.nat(readings.length - 1),
    fails: fc.boolean(),
    storesAnyway: fc.boolean(),
    restarts: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      parked.close();
      rmSync(join(folder, "parked.db"));
      points = new Points();
      parked = open();
      for (const { reading, fails, storesAnyway, restarts } of steps) {
        if (restarts) reopen();
        points.storesAnyway = storesAnyway;
        points.failure = fails ? new GengfuError("store_unavailable", "away", { retryable: true }) : undefined;
        const written = parked.write([readings[reading] as StoredReading]);
        if (!fails) await written;
        // the writer brings what failed again
        else await written.catch(() => undefined);
      }
      points.failure = undefined;
      for (const reading of readings) await parked.write([reading]);
      for (const reading of readings.filter(({ kind }) => kind === "level")) {
        expect(points.of(reading)).toEqual([offset_ms + (reading.sinceBoot?.ms ?? 0)]);
      }
      expect(parked.parked).toBe(0);
    }),
    { numRuns: 60 },
  );
});
