import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GengfuError } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { readingWith } from "../stores/contract.ts";
import type { Progress, WriteResult } from "../stores/store.ts";
import { closedBreaker, stepBreaker } from "./breaker.ts";
import { createWriter, type Writer, type WriterOptions } from "./writer.ts";

/** A store that does what a test tells it to. */
class ScriptedStore {
  readonly writes: number[][] = [];
  readonly progresses: (Progress | undefined)[] = [];
  stored = new Set<number>();
  /** Thrown instead of writing, while it is there. */
  failure: Error | undefined;
  /** Seqs that it will never take. */
  refused = new Set<number>();
  attempts = 0;

  write(readings: readonly StoredReading[], progress?: Progress): Promise<WriteResult> {
    this.attempts += 1;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.writes.push(readings.map(({ seq }) => seq));
    this.progresses.push(progress);
    const rejected = readings.filter(({ seq }) => this.refused.has(seq)).map((reading) => ({ reading, reason: "bad" }));
    for (const { seq } of readings) if (!this.refused.has(seq)) this.stored.add(seq);
    return Promise.resolve({ rejected });
  }
}

const unavailable = new GengfuError("store_unavailable", "InfluxDB can't be reached", { retryable: true });
let log: Log<StoredReading>;
let clock: ManualClock;
let store: ScriptedStore;
let ending: AbortController;
let runs: Promise<void>[];
beforeEach(() => {
  log = memoryLog<StoredReading>(5);
  clock = new ManualClock();
  store = new ScriptedStore();
  ending = new AbortController();
  runs = [];
});
afterEach(async () => {
  ending.abort();
  await Promise.all(runs);
});

function start(options: Partial<WriterOptions> = {}): Writer {
  const writer = createWriter({
    log,
    consumer: "store",
    store,
    clock,
    logger: silentLogger,
    random: () => 0,
    batch_max: 10,
    age_max_ms: 1_000,
    ...options,
  });
  runs.push(writer.run(ending.signal));
  return writer;
}

/** Lets all run that can without time going by. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

let seq = 0;
async function append(lane: Lane, count: number): Promise<number[]> {
  const readings = Array.from({ length: count }, () => readingWith({ seq: (seq += 1) }));
  await log.append(lane, readings);
  await settle();
  return readings.map((reading) => reading.seq);
}

describe("when it writes", () => {
  it("writes events at once, samples when there are enough or they have waited long enough", async () => {
    start();
    const event = await append("events", 1);
    expect(store.writes).toEqual([event]);
    const few = await append("samples", 3);
    await pass(999);
    expect(store.writes).toHaveLength(1);
    await pass(1);
    expect(store.writes.slice(1)).toEqual([few]);
    const many = await append("samples", 10);
    expect(store.writes.slice(2)).toEqual([many]);
  });

  it("counts the age from the first sample, not from the last", async () => {
    start();
    await append("samples", 1);
    await pass(600);
    await append("samples", 1);
    await pass(400);
    expect(store.writes.flat()).toHaveLength(2);
  });

  it("writes what is there at the start at once, events first, in batches, the rest at its age", async () => {
    const samples = [...(await append("samples", 6)), ...(await append("samples", 6))];
    const events = await append("events", 2);
    start();
    await settle();
    expect(store.writes).toEqual([events, samples.slice(0, 6)]);
    await pass(1_000);
    expect(store.writes.slice(2)).toEqual([samples.slice(6)]);
  });
});

describe("where it stands", () => {
  it("moves the cursor after the write only, and tells the store how far it is", async () => {
    store.failure = unavailable;
    start();
    await append("events", 2);
    expect(log.cursor("store", "events")).toBe(0);
    store.failure = undefined;
    await pass(250);
    expect(log.cursor("store", "events")).toBe(2);
    expect(store.progresses).toEqual([{ epoch: 5, lane: "events", position: 2 }]);
  });

  it("goes on from the cursor", async () => {
    await append("events", 2);
    log.commit("store", "events", 2);
    const rest = await append("events", 1);
    start();
    await settle();
    expect(store.writes).toEqual([rest]);
  });

  it.each([
    ["less than the log's cursor, as after it was lost", 0, 5],
    ["more, since it commits with its rows", 4, 1],
    ["more than there is, as after the log was put back from a copy", 99, 0],
  ])("goes on from what a store knows: %s", async (_, progress, expected) => {
    for (let count = 0; count < 5; count++) await append("samples", 1);
    log.commit("store", "samples", 3);
    start({ store: { write: (...args) => store.write(...args), progress: () => progress } });
    await pass(1_000);
    expect(store.writes.flat()).toHaveLength(expected);
    await append("samples", 10);
    expect(store.writes.flat()).toHaveLength(expected + 10);
    expect(log.backlog("store")).toEqual({ events: 0, samples: 0 });
  });

  it("goes on where the log let go of what it was to read", async () => {
    await append("events", 3);
    log.commit("store", "events", 3);
    const trimmed: Log<StoredReading> = Object.create(log, {
      read: {
        value: (...[lane, after, limit]: Parameters<typeof log.read>) =>
          log.read(lane, lane === "events" ? 3 : after, limit),
      },
    });
    start({ log: trimmed, store: { write: (...args) => store.write(...args), progress: () => 0 } });
    await pass(1_000);
    expect(store.writes).toEqual([]);
    const samples = await append("samples", 10);
    expect(store.writes).toEqual([samples]);
  });
});

describe("when the store fails", () => {
  it("tries again with growing waits, opens, tries once, and closes when the store is back", async () => {
    store.failure = unavailable;
    const writer = start();
    await append("events", 1);
    const attempts: number[] = [];
    for (const wait of [250, 500, 1_000, 2_000]) {
      expect(writer.stats()).toMatchObject({ breaker: "closed", trouble: "InfluxDB can't be reached" });
      await pass(wait - 1);
      attempts.push(store.attempts);
      await pass(1);
      attempts.push(store.attempts);
    }
    expect(attempts).toEqual([1, 2, 2, 3, 3, 4, 4, 5]);
    expect(writer.stats()).toMatchObject({
      breaker: "open",
      retryAt: clock.now() + 4_000,
      lag: { events: 1, samples: 0 },
    });
    await pass(4_000);
    expect(store.attempts).toBe(6);
    expect(writer.stats().breaker).toBe("open");
    store.failure = undefined;
    await pass(8_000);
    expect(writer.stats()).toMatchObject({
      breaker: "closed",
      trouble: null,
      retryAt: null,
      written: 1,
      lag: { events: 0 },
    });
  });

  it("is half open while the one try is under way", async () => {
    store.failure = unavailable;
    const writer = start();
    await append("events", 1);
    for (const wait of [250, 500, 1_000, 2_000]) await pass(wait);
    const trial = Promise.withResolvers<WriteResult>();
    store.write = () => trial.promise;
    await pass(4_000);
    expect(writer.stats().breaker).toBe("half_open");
    trial.resolve({ rejected: [] });
    await settle();
    expect(writer.stats().breaker).toBe("closed");
  });

  it("stops no other store", async () => {
    store.failure = unavailable;
    start();
    const other = new ScriptedStore();
    start({ store: other, consumer: "other" });
    const seqs = [...(await append("events", 1)), ...(await append("samples", 10))];
    expect(other.writes.flat()).toEqual(seqs);
    expect(log.backlog("other")).toEqual({ events: 0, samples: 0 });
    expect(log.backlog("store")).toEqual({ events: 1, samples: 10 });
  });

  it("survives an error that is a bug", async () => {
    store.failure = new TypeError("undefined is not a function");
    const writer = start();
    await append("events", 1);
    expect(writer.stats().trouble).toBe("undefined is not a function");
    store.failure = undefined;
    await pass(250);
    expect(store.stored.size).toBe(1);
  });

  it("ends while it waits to try again", async () => {
    store.failure = unavailable;
    start();
    await append("events", 1);
    ending.abort();
    await Promise.all(runs);
    expect(log.cursor("store", "events")).toBe(0);
  });
});

it("sets aside what the store refuses, the newest thousand, and goes on", async () => {
  const writer = start({ batch_max: 2_000 });
  store.refused = new Set(Array.from({ length: 3_000 }, (_, index) => seq + 1 + index));
  await append("samples", 2_000);
  const bad = await append("samples", 1_000);
  await pass(1_000);
  const good = await append("samples", 1);
  await pass(1_000);
  expect(writer.stats()).toMatchObject({ written: 1, rejected: 3_000, breaker: "closed", trouble: null });
  expect(writer.rejected()).toHaveLength(1_000);
  expect(writer.rejected()[0]).toMatchObject({
    reading: { seq: bad.at(-1) },
    reason: "bad",
    at: expect.any(Number) as number,
  });
  expect(store.stored).toEqual(new Set(good));
});

it("brings everything over, in the order of each lane, whatever fails and whenever it restarts", async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("append" as const),
      lane: fc.constantFrom<Lane>("events", "samples"),
      count: fc.integer({ min: 1, max: 25 }),
    }),
    fc.record({ kind: fc.constant("fail" as const), fails: fc.boolean() }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 5_000 }) }),
    fc.record({ kind: fc.constant("restart" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      log = memoryLog<StoredReading>();
      store = new ScriptedStore();
      const sent: Record<Lane, number[]> = { events: [], samples: [] };
      start();
      for (const each of steps) {
        if (each.kind === "append") sent[each.lane].push(...(await append(each.lane, each.count)));
        else if (each.kind === "fail") store.failure = each.fails ? unavailable : undefined;
        else if (each.kind === "pass") await pass(each.ms);
        else {
          ending.abort();
          await Promise.all(runs.splice(0));
          ending = new AbortController();
          start();
        }
      }
      store.failure = undefined;
      await pass(30_000);
      await pass(1_000);
      const written = store.writes.flat();
      for (const lane of ["events", "samples"] as const) {
        const inLane = new Set(sent[lane]);
        expect(written.filter((number) => inLane.has(number))).toEqual(sent[lane]);
      }
      ending.abort();
      await Promise.all(runs.splice(0));
      ending = new AbortController();
    }),
    { numRuns: 40 },
  );
});

describe("breaker", () => {
  it("opens after five failures in a row, and not before", () => {
    let breaker = closedBreaker;
    for (let failures = 1; failures <= 4; failures++) breaker = stepBreaker(breaker, "failed");
    breaker = stepBreaker(breaker, "succeeded");
    for (let failures = 1; failures <= 4; failures++) breaker = stepBreaker(stepBreaker(breaker, "failed"), "waited");
    expect(breaker).toEqual({ state: "closed", failures: 4 });
    expect(stepBreaker(breaker, "failed")).toEqual({ state: "open", failures: 5 });
  });
});
