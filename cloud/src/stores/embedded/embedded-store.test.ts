import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { readingWith, storeContract } from "../contract.ts";
import { openEmbeddedStore, type EmbeddedStore, type EmbeddedStoreOptions } from "./embedded-store.ts";
import { mergeOrdered } from "./newest-first.ts";

const day_ms = 86_400_000;
const now = Date.UTC(2026, 2, 1);
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "gengfu-store-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function open(options: Partial<EmbeddedStoreOptions> = {}): EmbeddedStore {
  return openEmbeddedStore({
    file: join(folder, "readings.sqlite"),
    clock: new ManualClock(now),
    logger: silentLogger,
    ...options,
  });
}

storeContract("embedded", { open, kept: (reading) => reading, keepsAsides: true });

describe("embedded store", () => {
  it("keeps readings and progress over a restart, in one transaction", async () => {
    const first = open();
    const reading = readingWith({ detail: { note: "满" } });
    await first.write([reading], { epoch: 9, lane: "samples", position: 41 });
    const broken = Object.assign(readingWith({}), { device: null });
    await expect(first.write([readingWith({}), broken], { epoch: 9, lane: "samples", position: 43 })).rejects.toThrow(
      expect.objectContaining({ code: "store_unavailable", retryable: true }),
    );
    await first.close();
    const second = open();
    expect(await second.readings({})).toEqual([reading]);
    expect(second.progress(9, "samples")).toBe(41);
    expect(second.progress(9, "events")).toBe(0);
    expect(second.progress(8, "samples")).toBe(0);
    await second.close();
  });

  it("forgets the series that a failed write made", async () => {
    const store = open();
    const broken = Object.assign(readingWith({ device: "new" }), { at: null });
    await expect(store.write([broken])).rejects.toThrow();
    expect(store.stats().series).toBe(0);
    const reading = readingWith({ device: "new" });
    await store.write([reading]);
    await store.close();
    const again = open();
    expect(await again.readings({})).toEqual([reading]);
    await again.close();
  });

  it("tells the newest reading of every series", async () => {
    const store = open();
    const older = readingWith({ at: now });
    const newer = readingWith({ at: now + 5 });
    const other = readingWith({ at: now - 9, channel: "supply", kind: "temperature" });
    await store.write([newer, older, other, readingWith({ kind: "quarantine", value: null })]);
    expect(store.lastOfEach().toSorted((a, b) => b.at - a.at)).toEqual([newer, other]);
    await store.close();
  });

  it("removes what is too old, in bounded steps, and series that became empty", async () => {
    const clock = new ManualClock(now);
    const store = open({ clock, age_max_ms: day_ms });
    const old = Array.from({ length: 12_000 }, (_, index) => readingWith({ at: now - 2 * day_ms + index }));
    const gone = readingWith({ device: "removed", at: now - 3 * day_ms });
    const recent = readingWith({ at: now - day_ms / 2 });
    await store.write([...old, gone, recent]);
    const ending = new AbortController();
    const retaining = store.retain(ending.signal);
    expect(store.stats().deleted).toBeGreaterThan(0);
    expect(store.stats().deleted).toBeLessThan(12_001);
    while (store.stats().deleted < 12_001 || store.stats().series > 1) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await store.readings({})).toEqual([recent]);
    ending.abort();
    await retaining;
    await store.close();
  });

  it("keeps within its size, the oldest going first", async () => {
    const clock = new ManualClock(now);
    const bytes_max = 2_000_000;
    const store = open({ clock, bytes_max });
    for (let batch = 0; batch < 20; batch++) {
      await store.write(
        Array.from({ length: 5_000 }, (_, index) => readingWith({ at: now - day_ms + (batch * 5_000 + index) * 800 })),
      );
    }
    expect(store.stats().bytes).toBeGreaterThan(bytes_max);
    const ending = new AbortController();
    const retaining = store.retain(ending.signal);
    while (store.stats().bytes > bytes_max) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    ending.abort();
    await retaining;
    const left = await store.readings({ limit: 100_000 });
    expect(left[0]?.at).toBe(now - day_ms + 99_999 * 800);
    expect(left.length).toBeGreaterThan(30_000);
    expect(left.length).toBe(100_000 - store.stats().deleted);
    await store.close();
  });

  it("sets a damaged file aside and starts anew", async () => {
    writeFileSync(
      join(folder, "readings.sqlite"),
      "this is no database, though it is long enough to be one".repeat(99),
    );
    const store = open();
    await store.write([readingWith({})]);
    expect(await store.readings({})).toHaveLength(1);
    await store.close();
  });

  it("says who holds the file", async () => {
    const store = open();
    expect(() => open()).toThrow(/in use by another process/);
    await store.close();
  });
});

it("merges ordered sources, one of them endless", () => {
  const odd = (function* () {
    for (let n = 1; ; n += 2) yield n;
  })();
  const merged = mergeOrdered([[2, 4, 6].values(), odd, [].values(), [3].values()], (a, b) => a < b, 7);
  expect(merged).toEqual([1, 2, 3, 3, 4, 5, 6]);
});
