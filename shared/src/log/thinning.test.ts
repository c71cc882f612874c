import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import { lanes, type Lane } from "../model/reading.ts";
import { ManualClock } from "../time/clock.ts";
import { readAll } from "./contract.ts";
import { jsonCodec } from "./json-codec.ts";
import { openSqliteLog, type SqliteLog, type SqliteLogOptions } from "./sqlite-log.ts";

interface Sample {
  readonly series: string;
  readonly at: number;
}
interface Told {
  readonly lane: Lane;
  readonly gap: readonly [number, number];
  readonly reason: string;
}
type Entry = Sample | Told;

const second_ms = 1_000;
const minute_ms = 60 * second_ms;
const buckets_ms = [minute_ms, 5 * minute_ms, 15 * minute_ms];

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-thin-"));
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (options: Partial<SqliteLogOptions<Entry>> = {}): SqliteLog<Entry> =>
  openSqliteLog<Entry>({
    file: join(folder, "log.db"),
    codec: jsonCodec(),
    clock,
    logger: silentLogger,
    synchronous: "normal",
    consumers: ["uplink"],
    bounds: { entries: 1_000, bytes: 1e9 },
    gapEntry: ({ lane, from, to, reason }) => ({ lane, gap: [from, to], reason }),
    thin: {
      series: (entry) => ("series" in entry ? entry.series : ""),
      at: (entry) => ("at" in entry ? entry.at : 0),
      buckets_ms,
    },
    ...options,
  });

/** A sample of each series every 20 s, in blocks of ten. */
async function fill(log: SqliteLog<Entry>, from_ms: number, to_ms: number, series = 20): Promise<void> {
  for (let at = from_ms; at < to_ms; at += 20 * second_ms) {
    for (let first = 0; first < series; first += 10) {
      const block = Array.from({ length: 10 }, (_, index) => ({ series: `tank-${first + index}`, at }));
      await log.append("samples", block);
    }
    clock.advance(10);
  }
}

async function samplesOf(log: SqliteLog<Entry>): Promise<[number, Sample][]> {
  return (await readAll(log, "samples")).flatMap(([position, entry]) => ("at" in entry ? [[position, entry]] : []));
}

async function toldBy(log: SqliteLog<Entry>): Promise<Told[]> {
  return (await readAll(log, "events")).flatMap(([, entry]) => ("gap" in entry ? [entry] : []));
}

/** Buckets of which a series has a sample, over all series. */
function bucketsOf(samples: readonly Sample[], bucket_ms: number): Set<string> {
  return new Set(samples.map(({ series, at }) => `${series} ${Math.floor(at / bucket_ms)}`));
}

function coarsest({ series, at }: Sample): string {
  return `${series} ${Math.floor(at / (15 * minute_ms))}`;
}

describe("a log that thins at its bound", () => {
  it("keeps a sample of each series in each minute before it drops any", async () => {
    const log = open();
    await log.append("events", [{ series: "door", at: 0 }]);
    await fill(log, 0, 40 * minute_ms);
    const samples = await samplesOf(log);
    expect(log.stats().entries).toBeLessThanOrEqual(1_060);
    expect(
      bucketsOf(
        samples.map(([, sample]) => sample),
        minute_ms,
      ).size,
    ).toBe(800);
    const told = await toldBy(log);
    expect(new Set(told.map(({ reason }) => reason))).toEqual(
      new Set(["thinned to one in 1 min: the log reached its bound"]),
    );
    expect((await readAll(log, "events")).filter(([, entry]) => "at" in entry).length).toBe(1);
    await log.close();
  });

  it("goes on to coarser buckets when finer ones give no room, and only then drops the oldest", async () => {
    const log = open({ bounds: { entries: 3_000, bytes: 1e9 } });
    await fill(log, 0, 100 * minute_ms, 160);
    const samples = (await samplesOf(log)).map(([, sample]) => sample);
    expect(bucketsOf(samples, 15 * minute_ms).size).toBe(160 * 7);
    const reasons = new Set((await toldBy(log)).map(({ reason }) => reason));
    expect([...reasons].toSorted()).toEqual([
      "thinned to one in 1 min: the log reached its bound",
      "thinned to one in 15 min: the log reached its bound",
      "thinned to one in 5 min: the log reached its bound",
    ]);
    await fill(log, 100 * minute_ms, 400 * minute_ms, 160);
    expect((await toldBy(log)).some(({ reason }) => reason === "dropped: the log reached its bound")).toBe(true);
    expect(log.stats().entries).toBeLessThanOrEqual(3_160);
    await log.close();
  });

  it("fills itself not with what tells of gaps: rather it drops the oldest", async () => {
    const log = open();
    await log.append("events", [{ series: "door", at: 0 }]);
    await fill(log, 0, 600 * minute_ms);
    expect((await toldBy(log)).filter(({ reason }) => reason.startsWith("thinned")).length).toBeLessThan(300);
    expect((await samplesOf(log)).length).toBeGreaterThan(400);
    expect((await readAll(log, "events")).filter(([, entry]) => "at" in entry).length).toBe(1);
    await log.close();
  });

  it("tells of exactly what went, and counts what is left as backlog", async () => {
    const log = open();
    await fill(log, 0, 3 * 60 * minute_ms);
    const gone = new Set<number>();
    for (const { gap } of await toldBy(log)) for (let at = gap[0]; at <= gap[1]; at++) gone.add(at);
    const held = new Map<number, Entry>([...(await readAll(log, "events")), ...(await samplesOf(log))]);
    for (const [position, entry] of held) expect("at" in entry && gone.has(position)).toBe(false);
    for (let position = 1; position <= log.last; position++) {
      expect(held.has(position) || gone.has(position)).toBe(true);
    }
    expect(log.stats().dropped).toBe(log.last - held.size);
    const samples = await samplesOf(log);
    expect(log.backlog("uplink").samples).toBe(samples.length);
    const middle = samples[Math.floor(samples.length / 2)]?.[0] ?? 0;
    log.commit("uplink", "events", log.last);
    log.commit("uplink", "samples", middle);
    const behind = samples.filter(([position]) => position > middle).length;
    expect(log.backlog("uplink").samples).toBe(behind);
    await log.close();
    const again = open();
    expect(again.backlog("uplink").samples).toBe(behind);
    await again.close();
  });

  it("lets go first of what everyone has passed", async () => {
    const log = open({ tail_entries: 900 });
    await fill(log, 0, 16 * minute_ms);
    log.commit("uplink", "samples", 900);
    await fill(log, 16 * minute_ms, 18 * minute_ms);
    const samples = (await samplesOf(log)).filter(([position]) => position > 900);
    expect(samples.length).toBe(1_080 - 900);
    expect(await toldBy(log)).toEqual([]);
    await log.close();
  });

  it("drops no event while there are samples, however many blocks those are", async () => {
    const log = open({ bounds: { entries: 20_000, bytes: 1e9 } });
    await log.append("events", [{ series: "door", at: 0 }]);
    const many = Array.from({ length: 30_000 }, (_, at) => log.append("samples", [{ series: "one", at }]));
    await Promise.all(many);
    for (let at = 0; at < 2_000; at++) await log.append("samples", [{ series: `new-${at}`, at }]);
    expect((await readAll(log, "events")).filter(([, entry]) => "at" in entry).length).toBe(1);
    await log.close();
  });

  it("keeps what it would have kept where a write fails and is tried again", async () => {
    const log = open();
    for (let at = 0; at < 49 * second_ms; at += second_ms) {
      const block = Array.from({ length: 20 }, (_, index) => ({ series: `tank-${index}`, at }));
      await log.append("samples", block);
    }
    // the newest block always stays: it must not stand for the others
    const newest = Array.from({ length: 20 }, () => ({ series: "newest", at: 0 }));
    await log.append("samples", newest);
    log.limitPages(1);
    const refused = log.append("samples", [{ series: "long ".repeat(1_000_000), at: 0 }]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.stats().trouble).toMatch(/full/);
    log.limitPages(1_000_000);
    clock.advance(5_000);
    await refused;
    const samples = (await samplesOf(log)).map(([, sample]) => sample);
    expect(samples.length).toBeLessThan(1_000);
    expect(bucketsOf(samples, minute_ms).size).toBe(22);
    await log.close();
  });

  it("leaves of each series one in each bucket, tells of all that went and of nothing that is here", async () => {
    const append = fc.record({
      lane: fc.constantFrom<Lane>("samples", "samples", "samples", "events"),
      // blocks of so many samples of a series each
      blocks: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 40 }),
      every_ms: fc.constantFrom(second_ms, 10 * second_ms, 4 * minute_ms),
    });
    const step = fc.oneof(
      { weight: 20, arbitrary: append },
      {
        weight: 1,
        arbitrary: fc.record({ pass: fc.constantFrom(...lanes), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
      },
      { weight: 1, arbitrary: fc.constantFrom("reopen" as const, "fail" as const) },
    );
    const reasons = new Set<string>();
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80, size: "max" }), async (steps) => {
        const file = join(folder, `thin-${(cases += 1)}.db`);
        const options = { file, bounds: { entries: 150, bytes: 1e9 } };
        let log = open(options);
        let at = 0;
        const appended = new Map<number, { readonly lane: Lane; readonly entry: Entry }>();
        const delivered = new Set<number>();
        const told = new Map<string, Set<string>>();
        const hear = (entry: Entry): void => {
          if (!("gap" in entry)) return;
          reasons.add(entry.reason);
          for (let position = entry.gap[0]; position <= entry.gap[1]; position++) {
            const key = `${entry.lane} ${position}`;
            told.set(key, (told.get(key) ?? new Set()).add(entry.reason));
          }
        };
        const listen = (): void => {
          log.onAppend((lane, { first, entries }) =>
            entries.forEach((entry, index) => appended.set(first + index, { lane, entry })),
          );
        };
        listen();
        for (const what of steps) {
          if (what === "reopen") {
            await log.close();
            log = open(options);
            listen();
          } else if (what === "fail") {
            log.limitPages(1);
            const refused = log.append(
              "samples",
              Array.from({ length: 3_000 }, () => ({ series: "big", at })),
            );
            await new Promise((resolve) => setImmediate(resolve));
            log.limitPages(1_000_000);
            clock.advance(5_000);
            await refused;
          } else if ("pass" in what) {
            const upTo = Math.round(log.last * what.part);
            for (const [position, entry] of await readAll(log, what.pass)) {
              if (position > upTo || position <= log.cursor("uplink", what.pass)) continue;
              delivered.add(position);
              hear(entry);
            }
            log.commit("uplink", what.pass, upTo);
          } else {
            for (const [index, size] of what.blocks.entries()) {
              const entries = Array.from({ length: size }, (_, of) => ({ series: `s-${(index + of) % 6}`, at }));
              await log.append(what.lane, entries);
              at += Math.round(what.every_ms / 6);
            }
          }
        }
        for (const lane of lanes) {
          const held = await readAll(log, lane);
          for (const [position, entry] of held) {
            delivered.add(position);
            hear(entry);
          }
          for (const [position] of held) expect(told.has(`${lane} ${position}`), `${lane} ${position}`).toBe(false);
          const behind = held.filter(([position]) => position > log.cursor("uplink", lane)).length;
          expect(log.backlog("uplink")[lane]).toBeGreaterThanOrEqual(behind);
        }
        await log.close();
        const isDropped = (lane: Lane, position: number): boolean =>
          [...(told.get(`${lane} ${position}`) ?? [])].some((reason) => reason.startsWith("dropped"));
        // what stays for others may be dropped after them
        const stays = new Set<string>();
        for (const [position, { lane, entry }] of appended) {
          if ("at" in entry && (delivered.has(position) || isDropped(lane, position))) stays.add(coarsest(entry));
        }
        for (const [position, { lane, entry }] of appended) {
          if (delivered.has(position)) continue;
          expect(told.has(`${lane} ${position}`), `${lane} ${position} is told`).toBe(true);
          if (lane === "events" || !("at" in entry)) continue;
          expect(stays.has(coarsest(entry)), `${entry.series} at ${entry.at}`).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
    expect(reasons.size).toBe(4);
  });
});
