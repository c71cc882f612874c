import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { readingWith } from "../contract.ts";
import { openEmbeddedStore, type EmbeddedStore } from "./embedded-store.ts";

const y2000 = Date.UTC(2000, 0, 1);
const offset_ms = Date.UTC(2026, 10, 1);
const day_ms = 86_400_000;

let folder: string;
let clock: ManualClock;
let store: EmbeddedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-unsure-"));
  clock = new ManualClock(offset_ms);
  store = open();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function open(): EmbeddedStore {
  const file = join(folder, "readings.sqlite");
  return openEmbeddedStore({ file, clock, logger: silentLogger, age_max_ms: 400 * day_ms });
}

/** What a gateway without network says after so many milliseconds. */
function unsure(ms: number, part: Partial<StoredReading> = {}): StoredReading {
  const at = y2000 + ms;
  return readingWith({ at, receivedAt: at, clock: "unsynchronised", sinceBoot: { boot: 7, ms }, ...part });
}

function clockRecord(boot = 7, gateway = "main-building"): StoredReading {
  return readingWith({ kind: "clock", device: gateway, gateway, at: offset_ms, detail: { boot, offset_ms } });
}

it("puts right what came before the time of its boot was known, and what comes after it", async () => {
  const [early, tap, late] = [unsure(10), unsure(20, { kind: "tap", value: null }), unsure(30)];
  expect((await store.write([early, tap])).corrected).toEqual([]);
  expect((await store.readings({})).map(({ at, clock: quality }) => [at, quality])).toEqual([
    [y2000 + 20, "unsynchronised"],
    [y2000 + 10, "unsynchronised"],
  ]);
  const { corrected } = await store.write([clockRecord()]);
  expect(corrected?.map(({ seq }) => seq)).toEqual([early.seq, tap.seq]);
  await store.write([late]);
  const { sinceBoot: _, ...plain } = early;
  const right = { at: offset_ms + 10, receivedAt: offset_ms + 10, clock: "corrected" };
  expect((await store.readings({})).map(({ at }) => at)).toEqual([30, 20, 10].map((ms) => offset_ms + ms));
  expect((await store.readings({})).at(-1)).toEqual({ ...plain, ...right });
});

it("puts right no other gateway's readings, and none of another boot", async () => {
  await store.write([unsure(1, { gateway: "tribunal-2" }), unsure(2, { sinceBoot: { boot: 6, ms: 2 } })]);
  await store.write([clockRecord()]);
  expect((await store.readings({})).map(({ at }) => at)).toEqual([y2000 + 2, y2000 + 1]);
  await store.write([clockRecord(7, "tribunal-2")]);
  expect((await store.readings({})).map(({ at }) => at)).toEqual([offset_ms + 1, y2000 + 2]);
});

it("tells which of a kind still have no time, and when they were stored", async () => {
  const tap = unsure(5, { kind: "tap", value: null, detail: { card: "04A1" } });
  await store.write([tap, unsure(6), unsure(7, { kind: "tap", value: null, clock: "device", at: offset_ms })]);
  const { sinceBoot: _, ...shown } = tap;
  expect(store.unsure("tap", offset_ms)).toEqual([{ reading: shown, storedAt: offset_ms }]);
  expect(store.unsure("tap", offset_ms + 1)).toEqual([]);
  await store.write([clockRecord()]);
  expect(store.unsure("tap", 0)).toEqual([]);
});

it("keeps what a device told of the time, and puts right only when it came in", async () => {
  const told = unsure(5, { clock: "device", at: offset_ms - 1_000 });
  await store.write([told, clockRecord()]);
  expect(await store.readings({})).toMatchObject([
    { at: offset_ms - 1_000, receivedAt: offset_ms + 5, clock: "device" },
  ]);
});

it("does not take what waits for old, until it has waited for as long as readings are kept", async () => {
  await store.write([readingWith({ at: y2000 }), readingWith({ at: y2000, device: "gone" }), unsure(1), unsure(2)]);
  await passRetention();
  expect((await store.readings({})).map(({ at }) => at)).toEqual([y2000 + 2, y2000 + 1]);
  expect(store.stats()).toMatchObject({ deleted: 2, series: 1 });
  clock.advance(401 * day_ms);
  await passRetention();
  expect(await store.readings({})).toEqual([]);
  // it is no longer there to be put right
  expect((await store.write([clockRecord()])).corrected).toEqual([]);
});

it("is the same in the end, in whatever order and however often all of it comes, over restarts", async () => {
  const seq = readingWith({}).seq;
  const boots = [
    { boot: 7, known: true },
    { boot: 8, known: true },
    { boot: 9, known: false },
  ];
  const readings = boots.flatMap(({ boot, known }, index) => [
    ...[1, 1, 2, 3].map((ms, place) =>
      unsure(ms, { sinceBoot: { boot, ms }, seq: seq + 10 * index + place, device: `tank-${place % 2}` }),
    ),
    ...(known ? [{ ...clockRecord(boot), seq: seq + 10 * index + 9 }] : []),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(readings, { minLength: readings.length }),
      fc.array(fc.nat(readings.length - 1), { maxLength: 10 }),
      fc.nat(readings.length),
      async (order, again, restartAt) => {
        await store.close();
        rmSync(join(folder, "readings.sqlite"));
        store = open();
        for (const [index, reading] of [...order, ...again.map((place) => order[place])].entries()) {
          if (index === restartAt) {
            await store.close();
            store = open();
          }
          if (reading !== undefined) await store.write([reading]);
        }
        const found = (await store.readings({})).map(({ seq: number, at, clock: quality }) => [number, at, quality]);
        const expected = readings
          .filter(({ kind }) => kind === "level")
          .map(({ seq: number, sinceBoot }) => {
            const isKnown = sinceBoot?.boot !== 9;
            const at = (isKnown ? offset_ms : y2000) + (sinceBoot?.ms ?? 0);
            return [number, at, isKnown ? "corrected" : "unsynchronised"];
          });
        const bySeq = (a: unknown[], b: unknown[]): number => Number(a[0]) - Number(b[0]);
        expect(found.toSorted(bySeq)).toEqual(expected.toSorted(bySeq));
      },
    ),
    { numRuns: 40 },
  );
});

/** Lets retention run until nothing is left to remove. */
async function passRetention(): Promise<void> {
  const ending = new AbortController();
  const running = store.retain(ending.signal);
  for (let step = 0; step < 5; step++) {
    clock.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  ending.abort();
  await running;
}
