import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Log, LogRun } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { readingWith } from "../stores/contract.ts";
import type { Claim } from "./claims.ts";
import { Ledger } from "./ledger.ts";

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-forks-"));
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A gateway's log: of each seq what it says, which nothing else says. */
class EdgeLog {
  readonly epoch: number;
  readonly #content: number[];
  readonly #runs: LogRun[];
  #isOpen = false;
  #hasAppended = false;

  constructor(epoch: number, content: readonly number[] = [], runs: readonly LogRun[] = []) {
    this.epoch = epoch;
    this.#content = [...content];
    this.#runs = [...runs];
  }

  get content(): readonly number[] {
    return this.#content;
  }

  /** The run that it is in; undefined for a copy that was never opened. */
  get run(): LogRun | undefined {
    return this.#hasAppended ? this.#runs.at(-1) : undefined;
  }

  close(): void {
    this.#isOpen = false;
  }

  append(values: readonly number[]): void {
    if (!this.#isOpen) {
      const parent = this.#runs.at(-1)?.id ?? null;
      this.#runs.push({ id: `run of ${values[0]}`, first: this.#content.length + 1, parent });
    }
    this.#isOpen = true;
    this.#hasAppended = true;
    this.#content.push(...values);
  }

  copy(): EdgeLog {
    return new EdgeLog(this.epoch, this.#content, this.#runs);
  }

  /** What a batch from a seq on would hold: readings of one run. */
  batch(from: number, count: number): { run: LogRun; readings: StoredReading[] } | undefined {
    const index = this.#runs.findLastIndex(({ first }) => first <= from);
    const run = this.#runs[index];
    if (run === undefined) return undefined;
    const end = Math.min(from + count, this.#runs[index + 1]?.first ?? Infinity, this.#content.length + 1);
    const readings = this.#content
      .slice(from - 1, end - 1)
      .map((value, place) => readingWith({ gateway: "g", epoch: this.epoch, seq: from + place, value }));
    return readings.length === 0 ? undefined : { run, readings };
  }
}

/** The cloud's side of a batch: placed and claimed at once, committed later, or never. */
class Cloud {
  readonly log: Log<StoredReading> = memoryLog<StoredReading>();
  #file: string;
  #files = 0;
  #ledger: Ledger;
  #open: { claim: Claim; fresh: StoredReading[] }[] = [];

  constructor(name: string) {
    this.#file = join(folder, name);
    this.#ledger = this.#create();
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  #create(): Ledger {
    return new Ledger({ file: this.#file, log: this.log, clock, logger: silentLogger });
  }

  take(epoch: number, { run, readings }: { run: LogRun; readings: StoredReading[] }): void {
    const seqs = readings.map(({ seq }) => seq);
    let next = 0;
    for (const place of this.#ledger.place("g", epoch, run, seqs)) {
      const part = readings.slice(next, (next += place.count)).map((reading) => ({ ...reading, epoch: place.epoch }));
      const claim = this.#ledger.claim(
        "g",
        place.epoch,
        part.map(({ seq }) => seq),
      );
      this.#open.push({ claim, fresh: claim.fresh.map((index) => part[index] as StoredReading) });
    }
  }

  async end(which: number, isCommitted: boolean): Promise<void> {
    const [taken] = this.#open.splice(which % Math.max(1, this.#open.length), 1);
    if (taken === undefined) return;
    if (!isCommitted) return taken.claim.release();
    if (taken.fresh.length > 0) await this.log.append("samples", taken.fresh);
    taken.claim.commit();
  }

  async endAll(): Promise<void> {
    while (this.#open.length > 0) await this.end(0, true);
  }

  /** The process dies and starts again: what was not committed is lost, what was not written down is made anew. */
  async crash(): Promise<void> {
    this.#open = [];
    const next = `${this.#file}-${(this.#files += 1)}`;
    for (const suffix of ["", "-wal"]) copyFileSync(this.#file + suffix, next + suffix);
    await this.#ledger.stop();
    this.#file = next;
    this.#ledger = this.#create();
    await this.#ledger.start();
  }

  async stored(): Promise<StoredReading[]> {
    const blocks = await this.log.read("samples", 0, { entries: Number.MAX_SAFE_INTEGER });
    return blocks.flatMap(({ entries }) => entries);
  }
}

type Step =
  | { kind: "append"; log: number; count: number }
  | { kind: "restart"; log: number }
  | { kind: "copy"; log: number }
  | { kind: "lose"; log: number }
  | { kind: "send"; log: number; from: number; count: number }
  | { kind: "end"; which: number; isCommitted: boolean }
  | { kind: "crash"; isWritten: boolean };

const log = fc.nat(5);
const appendStep = fc.record({
  kind: fc.constant("append" as const),
  log,
  count: fc.integer({ min: 1, max: 8 }),
});
const sendStep = fc.record({
  kind: fc.constant("send" as const),
  log,
  from: fc.nat(60),
  count: fc.integer({ min: 1, max: 12 }),
});
const endStep = fc.record({
  kind: fc.constant("end" as const),
  which: fc.nat(9),
  isCommitted: fc.integer({ min: 0, max: 6 }).map((chance) => chance > 0),
});
const crashStep = fc.record({ kind: fc.constant("crash" as const), isWritten: fc.boolean() });
const restartStep = fc.record({ kind: fc.constant("restart" as const), log });
const copyStep = fc.record({ kind: fc.constant("copy" as const), log });
const loseStep = fc.record({ kind: fc.constant("lose" as const), log });
const usual = [
  { weight: 8, arbitrary: appendStep },
  { weight: 12, arbitrary: sendStep },
  { weight: 10, arbitrary: endStep },
  { weight: 3, arbitrary: restartStep },
  { weight: 1, arbitrary: crashStep },
];

interface Play {
  readonly steps: readonly Step[];
  readonly order: fc.Stream<number>;
}

function plays(...more: { weight: number; arbitrary: fc.Arbitrary<Step> }[]): fc.Arbitrary<Play> {
  const step: fc.Arbitrary<Step> = fc.oneof(...usual, ...more);
  return fc.record({
    steps: fc.array(step, { minLength: 10, maxLength: 60, size: "max" }),
    order: fc.infiniteStream(fc.nat()),
  });
}

let cases = 0;

/** Runs the steps, then sends all that every log has, in an order of its own, and gives back what there is then. */
async function play({ steps, order }: Play): Promise<{ cloud: Cloud; logs: EdgeLog[] }> {
  const cloud = new Cloud(`ledger-${(cases += 1)}`);
  await cloud.ledger.start();
  const logs = [new EdgeLog(1)];
  let value = 0;
  const pick = (index: number): EdgeLog => logs[index % logs.length] as EdgeLog;
  for (const step of steps) {
    if (step.kind === "append") pick(step.log).append(Array.from({ length: step.count }, () => (value += 1)));
    else if (step.kind === "restart") pick(step.log).close();
    else if (step.kind === "copy") logs.push(pick(step.log).copy());
    else if (step.kind === "lose") logs.push(new EdgeLog(1 + logs.length));
    else if (step.kind === "send") {
      const from = pick(step.log);
      const batch = from.batch(1 + (step.from % Math.max(1, from.content.length)), step.count);
      if (batch !== undefined) cloud.take(from.epoch, batch);
    } else if (step.kind === "end") await cloud.end(step.which, step.isCommitted);
    else {
      if (step.isWritten) clock.advance(5_000);
      await cloud.crash();
    }
  }
  const rest: (() => void)[] = [];
  for (const each of logs) {
    for (let from = 1; from <= each.content.length;) {
      const batch = each.batch(from, 5);
      if (batch === undefined) throw new Error("a reading of no run");
      rest.push(() => cloud.take(each.epoch, batch));
      from += batch.readings.length;
    }
  }
  while (rest.length > 0) {
    const number = order.next().value ?? 0;
    rest.splice(number % rest.length, 1).forEach((send) => send());
    await cloud.end(number, true);
  }
  await cloud.endAll();
  // what was still given up or lost with a process comes once more
  for (const each of logs) {
    for (let from = 1; from <= each.content.length; from += 1) {
      const batch = each.batch(from, 1);
      if (batch !== undefined) cloud.take(each.epoch, batch);
    }
  }
  await cloud.endAll();
  return { cloud, logs };
}

async function expectAllOnce(cloud: Cloud, logs: readonly EdgeLog[]): Promise<void> {
  const stored = await cloud.stored();
  const wanted = new Set(logs.flatMap(({ content }) => content));
  expect(stored.map(({ value }) => value as number).sort((a, b) => a - b)).toEqual([...wanted].sort((a, b) => a - b));
  expect(new Set(stored.map(({ epoch, seq }) => `${epoch}/${seq}`)).size).toBe(stored.length);
}

describe("logs that go on from copies of one another", () => {
  it("have every reading in the cloud once, whatever is delivered in whatever order, over any crashes", async () => {
    const copied = plays({ weight: 3, arbitrary: copyStep }, { weight: 1, arbitrary: loseStep });
    await fc.assert(
      fc.asyncProperty(copied, async (what) => {
        const { cloud, logs } = await play(what);
        await expectAllOnce(cloud, logs);
        await cloud.ledger.stop();
      }),
      { numRuns: 150 },
    );
  });

  it("are seen whole: of each log it is told that all of it is there", async () => {
    await fc.assert(
      fc.asyncProperty(plays({ weight: 3, arbitrary: copyStep }), async (what) => {
        const { cloud, logs } = await play(what);
        const stored = new Map((await cloud.stored()).map(({ epoch, seq, value }) => [`${epoch}/${seq}`, value]));
        for (const each of logs) {
          if (each.run === undefined) continue;
          const { missing, epoch, received } = cloud.ledger.view("g", each.epoch, each.run.id);
          expect(missing).toEqual([]);
          expect(received[0]?.[0]).toBe(1);
          expect(received.at(-1)?.[1]).toBeGreaterThanOrEqual(each.content.length);
          expect(stored.get(`${epoch}/${each.content.length}`)).toBe(each.content.at(-1));
        }
        await cloud.ledger.stop();
      }),
      { numRuns: 40 },
    );
  });

  it("are told from restarts and lost disks, which keep the epoch that the gateway tells", async () => {
    await fc.assert(
      fc.asyncProperty(plays({ weight: 1, arbitrary: loseStep }), async (what) => {
        const { cloud, logs } = await play(what);
        await expectAllOnce(cloud, logs);
        expect(new Set((await cloud.stored()).map(({ epoch }) => epoch)).size).toBeLessThanOrEqual(logs.length);
        for (const { epoch } of logs) expect(cloud.ledger.view("g", epoch).fork).toBeNull();
        await cloud.ledger.stop();
      }),
      { numRuns: 40 },
    );
  });
});
