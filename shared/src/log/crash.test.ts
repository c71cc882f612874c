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

describe("the log under crashes", () => {
  it("has all that it acknowledged, however often its process is killed", async () => {
    const file = join(folder, "log.db");
    const acknowledged = new Map<number, number>();
    for (let round = 0; round < 8; round++) {
      const writer = spawn(process.execPath, [join(import.meta.dirname, "crash-writer.ts"), file]);
      const lines = createInterface({ input: writer.stdout });
      let heard = 0;
      for await (const line of lines) {
        const [, first, n, size] = line.split(" ");
        for (let index = 0; index < Number(size); index++) acknowledged.set(Number(first) + index, Number(n) + index);
        heard += 1;
        if (heard === 20 + 37 * round) writer.kill("SIGKILL");
      }
      if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
      const log = open(file);
      const content = await contentOf(log);
      for (const [position, n] of acknowledged) expect(content.get(position)).toEqual({ n });
      expect(content.size).toBe(log.last);
      await log.close();
    }
    expect(acknowledged.size).toBeGreaterThan(500);
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
