import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import { lanes, type Lane } from "../model/reading.ts";
import { ManualClock } from "../time/clock.ts";
import { logContract, readAll } from "./contract.ts";
import { jsonCodec } from "./json-codec.ts";
import { memoryLog } from "./memory-log.ts";
import { openSqliteLog, type SqliteLogOptions } from "./sqlite-log.ts";

type Entry = { readonly n: number } | { readonly gap: [number, number]; readonly lane: Lane };

logContract("memory", { open: () => memoryLog(), survivesReopening: false });
logContract("sqlite", {
  open: (folder) =>
    openSqliteLog({ file: join(folder, "log.db"), codec: jsonCodec(), clock: new ManualClock(), logger: silentLogger }),
  survivesReopening: true,
});

describe("sqlite log", () => {
  let folder: string;
  let clock: ManualClock;
  const open = (options: Partial<SqliteLogOptions<Entry>> = {}) =>
    openSqliteLog<Entry>({ file: join(folder, "log.db"), codec: jsonCodec(), clock, logger: silentLogger, ...options });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-log-"));
    clock = new ManualClock();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("commits what one turn of the loop brought in one transaction", async () => {
    const log = open();
    await Promise.all(Array.from({ length: 100 }, (_, n) => log.append("events", [{ n }])));
    expect(log.stats().commits).toBe(1);
    expect((await log.read("events", 0, { entries: 1 }))[0]?.entries.length).toBe(100);
    await log.close();
  });

  it("keeps cursors over a restart", async () => {
    const log = open();
    await log.append("samples", [{ n: 1 }, { n: 2 }]);
    log.commit("uplink", "samples", 1);
    await log.close();
    const again = open();
    expect(again.cursor("uplink", "samples")).toBe(1);
    expect(again.backlog("uplink")).toEqual({ events: 0, samples: 1 });
    await again.close();
  });

  it("removes what every consumer has passed, but for the tail, and goes on numbering after a restart", async () => {
    const log = open({ consumers: ["a", "b"], tail_entries: 10 });
    for (let n = 1; n <= 100; n++) {
      await log.append("samples", [{ n }]);
      log.commit("a", "samples", n);
      if (n <= 50) log.commit("b", "samples", n);
    }
    clock.advance(2_000);
    await log.append("samples", [{ n: 101 }]);
    expect((await log.read("samples", 0, { entries: 1 }))[0]?.first ?? 0).toBeLessThanOrEqual(201);
    expect(log.stats().entries).toBe(51);
    log.commit("a", "samples", 101);
    log.commit("b", "samples", 101);
    clock.advance(2_000);
    await log.append("samples", [{ n: 102 }]);
    expect(log.stats().entries).toBe(11);
    await log.close();
    const again = open();
    expect(await again.append("events", [{ n: 103 }])).toBe(103);
    expect(again.readTail(3).map(({ first }) => first)).toEqual([101, 102, 103]);
    await again.close();
  });

  it("forgets the runs that no block is left of, and knows those that are needed", async () => {
    for (let n = 1; n <= 6; n++) {
      const log = open({ consumers: ["a"] });
      await log.append("samples", [{ n: 2 * n - 1 }]);
      await log.append("events", [{ n: 2 * n }]);
      if (n === 5) {
        log.commit("a", "samples", 6);
        log.commit("a", "events", 6);
        clock.advance(2_000);
        await log.append("events", [{ n: 0 }]);
      }
      await log.close();
    }
    const log = open();
    expect((await log.read("samples", 0, { entries: 1 }))[0]?.first).toBe(7);
    expect([6, 7, 8, 9, 11, 12, 14].map((position) => log.runAt(position)?.first)).toEqual([
      undefined,
      7,
      7,
      9,
      9,
      12,
      14,
    ]);
    await log.close();
  });

  it("tells apart what copies of one file append", async () => {
    const log = open();
    await log.append("events", [{ n: 1 }]);
    copyFileSync(join(folder, "log.db"), join(folder, "copy.db"));
    copyFileSync(join(folder, "log.db-wal"), join(folder, "copy.db-wal"));
    await log.append("events", [{ n: 2 }]);
    const copy = open({ file: join(folder, "copy.db") });
    await copy.append("events", [{ n: -2 }]);
    expect(copy.runAt(1)).toEqual(log.runAt(1));
    expect(log.runAt(2)).toEqual(log.runAt(1));
    expect(copy.runAt(2)).toMatchObject({ first: 2, parent: log.runAt(1)?.id });
    await copy.close();
    await log.close();
  });

  it("begins its run only with what is committed", async () => {
    const first = open();
    await first.append("events", [{ n: 1 }]);
    await first.close();
    const log = open();
    log.limitPages(1);
    const many = Array.from({ length: 4_000 }, (_, n) => ({ n }));
    const held = log.append("events", many);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.stats().trouble).toMatch(/full/);
    expect(log.runAt(2)).toMatchObject({ first: 2 });
    log.limitPages(1_000);
    clock.advance(1_000);
    await held;
    const run = log.runAt(2);
    await log.close();
    const again = open();
    expect(again.runAt(2)).toEqual(run);
    await again.close();
  });

  it("drops the oldest samples at its bound, spares events, and records what went", async () => {
    const log = open({
      consumers: ["uplink"],
      bounds: { entries: 200, bytes: 1_000_000 },
      gapEntry: ({ lane, from, to }) => ({ gap: [from, to], lane }),
    });
    for (let n = 1; n <= 20; n++) await log.append("events", [{ n }]);
    for (let n = 21; n <= 1_000; n++) {
      await log.append("samples", [{ n }]);
      clock.advance(10);
    }
    await log.append("events", [{ n: 0 }]);
    const events = (await readAll(log, "events")).map(([, entry]) => entry);
    expect(events.filter((entry) => "n" in entry && entry.n >= 1).length).toBe(20);
    const gone = new Set<number>();
    for (const entry of events) {
      if ("gap" in entry) for (let position = entry.gap[0]; position <= entry.gap[1]; position++) gone.add(position);
    }
    const held = new Set(
      [...(await readAll(log, "events")), ...(await readAll(log, "samples"))].map(([position]) => position),
    );
    expect(log.stats().entries).toBeLessThanOrEqual(201);
    for (let position = 1; position <= log.last; position++)
      expect(held.has(position) || gone.has(position)).toBe(true);
    expect(log.last - held.size).toBe(log.stats().dropped);
    await log.close();
  });

  it("tells of all that it dropped though what told of it was dropped as well, and it was opened again", async () => {
    const options: Partial<SqliteLogOptions<Entry>> = {
      consumers: ["uplink"],
      bounds: { entries: 40, bytes: 1_000_000 },
      gapEntry: ({ lane, from, to }) => ({ gap: [from, to], lane }),
    };
    const append = fc.record({ lane: fc.constantFrom(...lanes), count: fc.integer({ min: 1, max: 15 }) });
    const step = fc.oneof(
      { weight: 12, arbitrary: append },
      {
        weight: 1,
        arbitrary: fc.record({ pass: fc.constantFrom(...lanes), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
      },
      { weight: 1, arbitrary: fc.constant("reopen" as const) },
    );
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
        const file = join(folder, `bounded-${(cases += 1)}.db`);
        let log = open({ ...options, file });
        const laneOf = new Map<number, Lane>();
        const delivered = new Set<number>();
        const gone: Record<Lane, Set<number>> = { events: new Set(), samples: new Set() };
        const hear = (entry: Entry): void => {
          if (!("gap" in entry)) return;
          for (let position = entry.gap[0]; position <= entry.gap[1]; position++) gone[entry.lane].add(position);
        };
        log.onAppend((lane, block) => block.entries.forEach((_, index) => laneOf.set(block.first + index, lane)));
        for (const what of steps) {
          if (what === "reopen") {
            await log.close();
            log = open({ ...options, file });
            log.onAppend((lane, block) => block.entries.forEach((_, index) => laneOf.set(block.first + index, lane)));
          } else if ("pass" in what) {
            const upTo = Math.round(log.last * what.part);
            for (const [position, entry] of await readAll(log, what.pass)) {
              if (position > upTo || position <= log.cursor("uplink", what.pass)) continue;
              delivered.add(position);
              hear(entry);
            }
            log.commit("uplink", what.pass, upTo);
          } else {
            await log.append(
              what.lane,
              Array.from({ length: what.count }, (_, n) => ({ n })),
            );
          }
        }
        for (const lane of lanes) {
          for (const [position, entry] of await readAll(log, lane)) {
            delivered.add(position);
            hear(entry);
          }
        }
        await log.close();
        for (const [position, lane] of laneOf) {
          expect(delivered.has(position) || gone[lane].has(position), `${lane} ${position}`).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("holds its producers at the bound where it may not drop", async () => {
    const log = open({ consumers: ["writer"], bounds: { entries: 10, bytes: 1_000_000 } });
    for (let n = 1; n <= 11; n++) await log.append("samples", [{ n }]);
    let resolved = false;
    const held = log.append("samples", [{ n: 12 }]).then((first) => {
      resolved = true;
      return first;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    expect(log.stats().trouble).toMatch(/full/);
    log.commit("writer", "samples", 11);
    clock.advance(1_000);
    expect(await held).toBe(12);
    expect(log.stats().trouble).toBe(null);
    await log.close();
  });

  it("sets a damaged file aside and starts anew under another epoch", async () => {
    const log = open();
    await log.append("events", [{ n: 1 }]);
    const { epoch } = log;
    await log.close();
    writeFileSync(join(folder, "log.db"), "this is no database, it is a mouse that ate one".repeat(500));
    const again = open();
    expect(again.epoch).not.toBe(epoch);
    expect(await again.append("events", [{ n: 2 }])).toBe(1);
    await again.close();
    expect(readdirSync(folder).some((name) => name.includes("damaged"))).toBe(true);
  });

  it("takes no cursor that is none, which would keep it from ever committing again", async () => {
    const log = open();
    await log.append("events", [{ n: 1 }]);
    expect(() => log.commit("uplink", "samples", Number.NaN)).toThrow(/can't be at NaN/);
    expect(() => log.commit("uplink", "events", 2)).toThrow(/can't be at 2/);
    expect(await log.append("events", [{ n: 2 }])).toBe(2);
    await log.close();
  });

  it("lets no second process in", async () => {
    const log = open();
    await log.append("events", [{ n: 1 }]);
    expect(() => open()).toThrow(/in use by another process/);
    await log.close();
  });
});
