import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lanes, type Lane } from "../model/reading.ts";
import type { Block, Log } from "./log.ts";

interface Entry {
  readonly n: number;
}

/** What a log under test lets the suite do: open it over a folder, and, where it keeps anything, again. */
export interface LogUnderTest {
  open(folder: string): Log<Entry>;
  readonly survivesReopening: boolean;
}

/** What every log must do; run on each implementation. */
export function logContract(name: string, subject: LogUnderTest): void {
  describe(`log contract: ${name}`, () => {
    let folder: string;
    let log: Log<Entry>;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gengfu-log-"));
      log = subject.open(folder);
    });
    afterEach(async () => {
      await log.close();
      rmSync(folder, { recursive: true });
    });

    it("numbers entries from 1, contiguously over both lanes", async () => {
      const firsts = await Promise.all([
        log.append("samples", [{ n: 1 }, { n: 2 }]),
        log.append("events", [{ n: 3 }]),
        log.append("samples", [{ n: 4 }]),
      ]);
      expect(log.last).toBe(4);
      const all = [...(await readAll(log, "events")), ...(await readAll(log, "samples"))];
      expect(all.map(([position]) => position).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
      const samples = new Map(await readAll(log, "samples"));
      expect(samples.get(firsts[0])).toEqual({ n: 1 });
      expect(samples.get(firsts[0] + 1)).toEqual({ n: 2 });
      expect(samples.get(firsts[2])).toEqual({ n: 4 });
      expect(new Map(await readAll(log, "events")).get(firsts[1])).toEqual({ n: 3 });
    });

    it("reads behind any position, inside a block too, and keeps to the limit by whole blocks", async () => {
      for (let n = 0; n < 10; n++) await log.append("samples", [{ n: 3 * n }, { n: 3 * n + 1 }, { n: 3 * n + 2 }]);
      for (let after = 0; after <= 30; after++) {
        const blocks = await log.read("samples", after, { entries: 4 });
        const entries = blocks.flatMap((block) => block.entries);
        expect(entries[0]?.n).toBe(after === 30 ? undefined : after);
        expect(blocks[0]?.first).toBe(after === 30 ? undefined : after + 1);
        expect(entries.length).toBeLessThanOrEqual(6);
      }
    });

    it("tells what became durable, after it did", async () => {
      const seen: number[] = [];
      const unsubscribe = log.onAppend((_, block) => seen.push(block.first, log.last));
      await log.append("events", [{ n: 1 }]);
      unsubscribe();
      await log.append("events", [{ n: 2 }]);
      expect(seen).toEqual([1, 1]);
    });

    it("takes what may wait like all else where nobody answers for it", async () => {
      const first = await log.append("samples", [{ n: 1 }, { n: 2 }], { mayWait: true });
      expect((await readAll(log, "samples")).map(([position]) => position)).toEqual([first, first + 1]);
      expect([log.pending, log.stats().waiting]).toEqual([0, 0]);
    });

    it("moves cursors forwards only and counts what is before them", async () => {
      await log.append("samples", [{ n: 1 }, { n: 2 }, { n: 3 }]);
      await log.append("events", [{ n: 4 }]);
      await log.append("samples", [{ n: 5 }]);
      expect(log.backlog("a")).toEqual({ events: 1, samples: 4 });
      log.commit("a", "samples", 2);
      log.commit("a", "samples", 1);
      expect(log.cursor("a", "samples")).toBe(2);
      expect(log.backlog("a")).toEqual({ events: 1, samples: 2 });
      log.commit("a", "samples", 5);
      log.commit("a", "events", 4);
      expect(log.backlog("a")).toEqual({ events: 0, samples: 0 });
      expect(log.backlog("b")).toEqual({ events: 1, samples: 4 });
    });

    it("begins a run with what each opening first appends, if it has runs", async () => {
      if (log.runAt === undefined) return;
      await log.append("samples", [{ n: 1 }, { n: 2 }]);
      const first = log.runAt(1);
      expect(first).toMatchObject({ first: 1, parent: null });
      expect(log.runAt?.(2)).toEqual(first);
      expect(log.runAt?.(3)).toEqual(first);
      if (!subject.survivesReopening) return;
      for (let opening = 0; opening < 2; opening++) {
        // one that appends nothing leaves nothing behind
        await log.close();
        log = subject.open(folder);
        expect(log.runAt?.(2)).toEqual(first);
        expect(log.runAt?.(3)).toMatchObject({ first: 3, parent: first?.id });
      }
      const announced = log.runAt?.(3);
      await log.append("events", [{ n: 3 }]);
      expect(log.runAt?.(3)).toEqual(announced);
      expect(log.runAt?.(4)).toEqual(announced);
      expect(announced?.id).not.toBe(first?.id);
      await log.close();
      log = subject.open(folder);
      expect([log.runAt?.(2), log.runAt?.(3)]).toEqual([first, announced]);
      expect(log.runAt?.(4)).toMatchObject({ first: 4, parent: announced?.id });
    });

    it("agrees with a list, whatever is appended, in whatever groups, reopened at any time", async () => {
      const step = fc.oneof(
        fc.record({
          lane: fc.constantFrom<Lane>(...lanes),
          sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        }),
        fc.constant("reopen" as const),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          const own = mkdtempSync(join(tmpdir(), "gengfu-log-"));
          let tested = subject.open(own);
          const model = new Map<number, Entry>();
          let n = 0;
          try {
            for (const what of steps) {
              if (what === "reopen") {
                if (!subject.survivesReopening) continue;
                const { epoch, last } = tested;
                await tested.close();
                tested = subject.open(own);
                expect([tested.epoch, tested.last]).toEqual([epoch, last]);
                continue;
              }
              const groups = what.sizes.map((size) => Array.from({ length: size }, () => ({ n: n++ })));
              const firsts = await Promise.all(groups.map((group) => tested.append(what.lane, group)));
              groups.forEach((group, index) =>
                group.forEach((entry, offset) => model.set((firsts[index] ?? 0) + offset, entry)),
              );
            }
            const all = [...(await readAll(tested, "events")), ...(await readAll(tested, "samples"))];
            expect(new Map(all)).toEqual(model);
            expect(all.length).toBe(n);
          } finally {
            await tested.close();
            rmSync(own, { recursive: true });
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

export async function readAll<T>(log: Log<T>, lane: Lane): Promise<[number, T][]> {
  const all: [number, T][] = [];
  let after = 0;
  for (;;) {
    const blocks: Block<T>[] = await log.read(lane, after, { entries: 7 });
    if (blocks.length === 0) return all;
    for (const { first, entries } of blocks) entries.forEach((entry, index) => all.push([first + index, entry]));
    after = all.at(-1)?.[0] ?? 0;
  }
}
