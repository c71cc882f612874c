import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import type { Lane } from "../model/reading.ts";
import { ManualClock } from "../time/clock.ts";
import { readAll } from "./contract.ts";
import { jsonCodec } from "./json-codec.ts";
import { openSqliteLog, type SqliteLog, type SqliteLogOptions } from "./sqlite-log.ts";

type Entry = { readonly n: number } | { readonly gap: readonly [number, number]; readonly lane: Lane };

const hold_ms = 2_000;
const write_every_ms = 600_000;
const entries_max = 100;
const mayWait = { mayWait: true } as const;

describe("a log whose samples may wait in memory", () => {
  let folder: string;
  let clock: ManualClock;
  let copies: number;
  const open = (options: Partial<SqliteLogOptions<Entry>> = {}): SqliteLog<Entry> =>
    openSqliteLog<Entry>({
      file: join(folder, "log.db"),
      codec: jsonCodec(),
      clock,
      logger: silentLogger,
      consumers: ["uplink"],
      tail_entries: 1_000,
      deferral: { guarantor: "uplink", hold_ms, write_every_ms, entries_max },
      gapEntry: ({ lane, from, to }) => ({ gap: [from, to], lane }),
      ...options,
    });
  /** The log as it is found after a crash at this moment. */
  const crash = (options: Partial<SqliteLogOptions<Entry>> = {}): SqliteLog<Entry> => {
    const { file = join(folder, "log.db") } = options;
    const copy = join(folder, `copy-${(copies += 1)}.db`);
    for (const suffix of ["", "-wal"]) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    return open({ ...options, file: copy });
  };
  /** Appends a sample that may wait; `isAcknowledged` says whether the append has resolved. */
  const sample = async (log: SqliteLog<Entry>, n: number) => {
    const appended = { isAcknowledged: false, first: 0 };
    void log
      .append("samples", [{ n }], mayWait)
      .then((first) => Object.assign(appended, { isAcknowledged: true, first }));
    await turn();
    await turn();
    return appended;
  };
  const numbersOf = async (log: SqliteLog<Entry>, lane: Lane): Promise<number[]> =>
    (await readAll(log, lane)).flatMap(([, entry]) => ("n" in entry ? [entry.n] : []));
  /** A log that has written its first entry, and with it the reserve. */
  const begun = async (options: Partial<SqliteLogOptions<Entry>> = {}): Promise<SqliteLog<Entry>> => {
    const log = open(options);
    await log.append("samples", [{ n: 0 }], mayWait);
    log.commit("uplink", "samples", log.last);
    return log;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-deferral-"));
    clock = new ManualClock();
    copies = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("acknowledges what the guarantor has passed, without a write", async () => {
    const log = await begun();
    const { commits, written_bytes } = log.stats();
    const heard: number[] = [];
    log.onAppend((_, block) => heard.push(block.first));
    const first = await sample(log, 1);
    const second = await sample(log, 2);
    expect([first.isAcknowledged, second.isAcknowledged]).toEqual([false, false]);
    expect(heard).toEqual([2, 3]);
    expect(log.last).toBe(3);
    expect(log.pending).toBe(2);
    expect(log.backlog("uplink")).toEqual({ events: 0, samples: 2 });
    expect(await numbersOf(log, "samples")).toEqual([0, 1, 2]);
    log.commit("uplink", "samples", 2);
    await turn();
    expect([first.isAcknowledged, second.isAcknowledged]).toEqual([true, false]);
    expect(first.first).toBe(2);
    expect(log.backlog("uplink")).toEqual({ events: 0, samples: 1 });
    log.commit("uplink", "samples", 3);
    await turn();
    expect(second.isAcknowledged).toBe(true);
    expect(log.pending).toBe(0);
    expect(log.stats()).toMatchObject({ waiting: 2, entries: 3, commits, written_bytes });
    await log.close();
  });

  it("writes what the guarantor has not passed in time", async () => {
    const log = await begun();
    const late = await sample(log, 1);
    clock.advance(hold_ms - 1);
    await turn();
    expect(late.isAcknowledged).toBe(false);
    clock.advance(1);
    await turn();
    await turn();
    expect(late.isAcknowledged).toBe(true);
    expect(log.stats().waiting).toBe(0);
    const copy = crash();
    expect(await numbersOf(copy, "samples")).toEqual([0, 1]);
    await copy.close();
    await log.close();
  });

  it("waits for the guarantor, whoever else has passed it", async () => {
    const log = await begun();
    const late = await sample(log, 1);
    log.commit("someone", "samples", log.last);
    await turn();
    expect(late.isAcknowledged).toBe(false);
    await log.close();
  });

  it("writes all that waits, in order, with the first thing that may not", async () => {
    const log = await begun();
    const waiting = await sample(log, 1);
    await sample(log, 2);
    expect(await log.append("events", [{ n: 3 }])).toBe(4);
    expect(waiting.isAcknowledged).toBe(true);
    expect(log.stats()).toMatchObject({ waiting: 0, commits: 2 });
    const copy = crash();
    expect(await readAll(copy, "samples")).toEqual([
      [1, { n: 0 }],
      [2, { n: 1 }],
      [3, { n: 2 }],
    ]);
    expect((await readAll(copy, "events"))[0]).toEqual([4, { n: 3 }]);
    expect(copy.backlog("new")).toEqual({ events: 1, samples: 3 });
    await copy.close();
    await log.close();
  });

  it("writes what the guarantor has passed in one block, after a while", async () => {
    const log = await begun();
    for (let n = 1; n <= 50; n++) {
      await sample(log, n);
      log.commit("uplink", "samples", log.last);
      clock.advance(10_000);
      await turn();
    }
    expect(log.stats().commits).toBe(1);
    clock.advance(write_every_ms);
    await turn();
    expect(log.stats()).toMatchObject({ waiting: 0, commits: 2 });
    const copy = crash();
    const blocks = await copy.read("samples", 1, { entries: 1 });
    expect(blocks.map(({ first, entries }) => [first, entries.length])).toEqual([[2, 50]]);
    expect(copy.cursor("uplink", "samples")).toBe(51);
    await copy.close();
    await log.close();
  });

  it("writes when the reserve of positions is used up, and goes on", async () => {
    const log = await begun();
    for (let n = 1; n <= entries_max; n++) await sample(log, n);
    expect(log.stats()).toMatchObject({ waiting: entries_max, commits: 1 });
    await sample(log, entries_max + 1);
    expect(log.stats()).toMatchObject({ waiting: 0, commits: 2 });
    await sample(log, entries_max + 2);
    expect(log.stats()).toMatchObject({ waiting: 1, commits: 2 });
    await log.close();
  });

  it("writes when what waits is more than so many bytes", async () => {
    const log = await begun({ deferral: { guarantor: "uplink", bytes_max: 100 } });
    for (let n = 1; n <= 20; n++) await sample(log, n);
    expect(log.stats().commits).toBeGreaterThan(1);
    expect(log.stats().waiting).toBeLessThan(15);
    await log.close();
  });

  it("writes all at the close and gives back its reserve", async () => {
    const log = await begun();
    const waiting = await sample(log, 1);
    await log.close();
    await turn();
    expect(waiting.isAcknowledged).toBe(true);
    const again = open();
    expect(again.last).toBe(2);
    expect(again.cursor("uplink", "samples")).toBe(1);
    expect(await again.append("events", [{ n: 2 }])).toBe(3);
    expect(await numbersOf(again, "events")).toEqual([2]);
    await again.close();
  });

  it("gives no position twice after a crash, and tells what may have been lost", async () => {
    const log = await begun();
    await sample(log, 1);
    await sample(log, 2);
    const died = crash();
    expect(died.last).toBe(1 + entries_max);
    expect(died.readTail(10).map(({ first }) => first)).toEqual([1]);
    const announced = died.runAt(died.last + 1);
    expect(announced).toMatchObject({ first: 2 + entries_max, parent: died.runAt(1)?.id });
    expect(died.runAt(3)).toEqual(died.runAt(1));
    expect(await died.append("samples", [{ n: 7 }])).toBe(2 + entries_max);
    expect(died.runAt(2 + entries_max)).toEqual(announced);
    expect((await readAll(died, "events")).map(([, entry]) => entry)).toEqual([
      { gap: [2, 1 + entries_max], lane: "events" },
      { gap: [2, 1 + entries_max], lane: "samples" },
    ]);
    await died.append("samples", [{ n: 8 }]);
    expect((await readAll(died, "events")).length).toBe(2);
    expect(died.backlog("new")).toEqual({ events: 2, samples: 3 });
    await died.close();
    await log.close();
  });

  it("tells it again where the next opening died before it wrote anything, or only looked", async () => {
    const log = await begun();
    await sample(log, 1);
    const died = crash({ file: join(folder, "log.db") });
    const file = join(folder, "copy-1.db");
    const diedAgain = crash({ file });
    expect(diedAgain.last).toBe(1 + entries_max);
    await diedAgain.close();
    const closed = open({ file: join(folder, "copy-2.db") });
    expect(closed.last).toBeGreaterThan(1 + entries_max);
    expect((await readAll(closed, "events")).map(([, entry]) => entry)).toContainEqual({
      gap: [2, 1 + entries_max],
      lane: "samples",
    });
    for (const each of [closed, died, log]) await each.close();
  });

  it("keeps its numbering over a crash though nothing tells of gaps", async () => {
    const file = join(folder, "plain.db");
    const plain = () =>
      openSqliteLog<Entry>({
        file,
        codec: jsonCodec(),
        clock,
        logger: silentLogger,
        deferral: { guarantor: "uplink", entries_max },
      });
    const log = plain();
    await log.append("samples", [{ n: 0 }], mayWait);
    await sample(log, 1);
    for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, join(folder, `died.db${suffix}`));
    await log.close();
    for (const suffix of ["", "-wal"]) {
      if (existsSync(join(folder, `died.db${suffix}`))) copyFileSync(join(folder, `died.db${suffix}`), file + suffix);
    }
    for (let opening = 0; opening < 2; opening++) {
      const died = plain();
      expect(died.last).toBe(1 + entries_max);
      await died.close();
    }
    const died = plain();
    expect(await died.append("events", [{ n: 1 }])).toBe(2 + entries_max);
    await died.close();
  });

  it("keeps the order of a lane where some may wait and some may not", async () => {
    const log = await begun();
    const order: number[] = [];
    const all = [1, 2, 3, 4].map((n) =>
      log.append("samples", [{ n }], { mayWait: n !== 3 }).then((first) => order.push(first)),
    );
    await Promise.all(all);
    expect(order).toEqual([2, 3, 4, 5]);
    await log.close();
  });

  it("writes notes down with what is committed next, and never by themselves", async () => {
    const log = await begun();
    const { commits } = log.stats();
    log.note("today", "1");
    await sample(log, 1);
    expect(log.stats().commits).toBe(commits);
    expect(log.noted("today")).toBe("1");
    const before = crash();
    expect(before.noted("today")).toBeUndefined();
    await log.append("events", [{ n: 2 }]);
    log.note("today", "2");
    const after = crash();
    expect(after.noted("today")).toBe("1");
    for (const each of [log, before, after]) await each.close();
  });

  it("writes as it always did, and reserves nothing, while nothing may wait", async () => {
    const log = open();
    await log.append("samples", [{ n: 1 }]);
    const copy = crash();
    expect(copy.last).toBe(1);
    await copy.close();
    await log.close();
  });
});
