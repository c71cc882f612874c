import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import type { Lane } from "../model/reading.ts";
import { ManualClock, systemClock } from "../time/clock.ts";
import { readAll } from "./contract.ts";
import { jsonCodec } from "./json-codec.ts";
import { openSqliteLog, type SqliteLog } from "./sqlite-log.ts";

interface Entry {
  readonly n: number;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-crash-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (file: string): SqliteLog<Entry> =>
  openSqliteLog({ file, codec: jsonCodec(), clock: systemClock, logger: silentLogger });

async function contentOf(log: SqliteLog<Entry>): Promise<Map<number, Entry>> {
  return new Map([...(await readAll(log, "events")), ...(await readAll(log, "samples"))]);
}

/** Runs a writer until it has said so many things, then kills it: what it said of each position. */
async function heardOf(args: readonly string[], lines_max: number) {
  const writer = spawn(process.execPath, [join(import.meta.dirname, "crash-writer.ts"), ...args]);
  const heard = { acknowledged: new Map<number, number>(), guaranteed: new Map<number, number>() };
  let lines = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    const [what, first, numbers = ""] = line.split(" ");
    const map = what === "acknowledged" ? heard.acknowledged : heard.guaranteed;
    numbers.split(",").forEach((n, index) => map.set(Number(first) + index, Number(n)));
    lines += 1;
    if (lines === lines_max) writer.kill("SIGKILL");
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
  return heard;
}

describe("the log under crashes", () => {
  it("has all that it acknowledged, however often its process is killed", async () => {
    const file = join(folder, "log.db");
    const acknowledged = new Map<number, number>();
    for (let round = 0; round < 8; round++) {
      for (const [position, n] of (await heardOf([file], 20 + 37 * round)).acknowledged) acknowledged.set(position, n);
      const log = open(file);
      const content = await contentOf(log);
      for (const [position, n] of acknowledged) expect(content.get(position)).toEqual({ n });
      expect(content.size).toBe(log.last);
      await log.close();
    }
    expect(acknowledged.size).toBeGreaterThan(500);
  });

  it("has all that it acknowledged, or its guarantor has, where samples may wait, and counts on behind them", async () => {
    const file = join(folder, "log.db");
    const acknowledged = new Map<number, number>();
    const guaranteed = new Map<number, number>();
    let onlyGuaranteed = 0;
    for (let round = 0; round < 6; round++) {
      const heard = await heardOf([file, "defer"], 40 + 61 * round);
      for (const [position, n] of heard.guaranteed) {
        expect(guaranteed.has(position), `position ${position} was given twice`).toBe(false);
        guaranteed.set(position, n);
      }
      for (const [position, n] of heard.acknowledged) acknowledged.set(position, n);
      // looks at a copy: what only looks must leave the next writer what it would have found
      for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, join(folder, `copy.db${suffix}`));
      const log = open(join(folder, "copy.db"));
      const content = await contentOf(log);
      await log.close();
      for (const [position, n] of guaranteed) expect(content.get(position) ?? { n }).toEqual({ n });
      for (const [position, n] of acknowledged) {
        const held = content.get(position)?.n;
        if (held === undefined) onlyGuaranteed += 1;
        expect(held ?? guaranteed.get(position)).toBe(n);
      }
    }
    expect(acknowledged.size).toBeGreaterThan(500);
    expect(onlyGuaranteed).toBeGreaterThan(0);
  });

  it("has all that it acknowledged when the last write is torn anywhere", async () => {
    const file = join(folder, "log.db");
    const log = open(file);
    const copies: { durable: number; from: number; to: number; name: string }[] = [];
    for (let round = 0; round < 30; round++) {
      const durable = log.last;
      const from = existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0;
      await log.append(
        "samples",
        Array.from({ length: 1 + round * 3 }, (_, index) => ({ n: durable + index })),
      );
      const to = statSync(`${file}-wal`).size;
      const name = join(folder, `copy-${round}.db`);
      copyFileSync(file, name);
      copyFileSync(`${file}-wal`, `${name}-wal`);
      copies.push({ durable, from, to, name });
    }
    await log.close();
    for (const [index, { durable, from, to, name }] of copies.entries()) {
      // the write behind `durable` went from..to of the file: keep any part of it
      truncateSync(`${name}-wal`, from + Math.floor(((to - from) * ((index * 7) % 10)) / 10));
      const torn = open(name);
      expect(torn.last).toBe(durable);
      const content = await contentOf(torn);
      for (let position = 1; position <= durable; position++) expect(content.has(position)).toBe(true);
      expect(await torn.append("events", [{ n: -1 }])).toBe(durable + 1);
      await torn.close();
    }
  });

  it("holds what it can't write while the disk is full, and goes on when there is room", async () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "gengfu-test", disk]).status === 0;
    // without the right to mount, a page limit makes SQLite answer the same SQLITE_FULL
    const clock = new ManualClock();
    const log = openSqliteLog<Entry>({ file: join(disk, "log.db"), codec: jsonCodec(), clock, logger: silentLogger });
    if (!mounted) log.limitPages(60);
    try {
      const ballast = join(disk, "ballast");
      if (mounted) writeFileSync(ballast, Buffer.alloc(400_000));
      const acknowledged = new Set<number>();
      const appends: Promise<unknown>[] = [];
      const big = (lane: Lane, n: number): Promise<void> =>
        log
          .append(
            lane,
            Array.from({ length: 400 }, (_, index) => ({ n: n * 400 + index })),
          )
          .then((first) => {
            for (let index = 0; index < 400; index++) acknowledged.add(first + index);
          });
      for (let n = 0; n < 200 && log.stats().trouble === null; n++) {
        appends.push(big(n % 2 === 0 ? "samples" : "events", n));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(log.stats().trouble).toMatch(/full/);
      const held = log.pending;
      expect(held).toBeGreaterThan(0);
      expect([...acknowledged].every((position) => position <= log.last)).toBe(true);
      if (mounted) rmSync(ballast);
      else log.limitPages(100_000);
      clock.advance(2_000);
      await Promise.all(appends);
      expect(log.stats().trouble).toBe(null);
      expect((await contentOf(log)).size).toBe(acknowledged.size);
    } finally {
      await log.close();
      if (mounted) spawnSync("umount", [disk]);
    }
  });
});
