import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeBatch } from "@gengfu/shared/codec/batch";
import { jsonCodec } from "@gengfu/shared/log/json-codec";
import { openSqliteLog, type SqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import { lanes, type Lane, type Reading, type StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { Ledger } from "../ledger/ledger.ts";
import { BatchIntake } from "./batch-intake.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";

const gateway = "main-building";
const staying = new AbortController().signal;
const common = { logger: silentLogger, clock: new ManualClock() };

let folder: string;
let log: SqliteLog<StoredReading>;
let ledger: Ledger;
let intake: BatchIntake;
let cases = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-restored-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => join(folder, `${cases}-${name}.db`);

async function startCloud(): Promise<void> {
  log = openSqliteLog<StoredReading>({ ...common, file: file("cloud"), codec: cloudBlockCodec });
  ledger = new Ledger({ ...common, file: file("ledger"), log });
  await ledger.start();
  const setAside = ({ message }: { message: string }): never => {
    throw new Error(message);
  };
  intake = new BatchIntake({ log, ledger, setAside });
}

async function stopCloud(): Promise<void> {
  await ledger.stop();
  await log.close();
}

/** An edge's log and what sends it, as the uplink does: batches of one run, from the cursors on. */
class Edge {
  readonly #log: SqliteLog<Reading>;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.#log = openSqliteLog<Reading>({ ...common, file: file(name), codec: jsonCodec(), consumers: ["uplink"] });
  }

  get epoch(): number {
    return this.#log.epoch;
  }

  get run(): string | undefined {
    return this.#log.runAt(this.#log.last)?.id;
  }

  /** Takes a reading in for each value, whole ones as events. */
  async append(...values: readonly number[]): Promise<void> {
    for (const value of values) {
      const isEvent = Number.isInteger(value);
      const lane: Lane = isEvent ? "events" : "samples";
      const kind = isEvent ? "contact" : "level";
      const about = { device: "fire-panel", kind, channel: null, clock: "synchronised", detail: null } as const;
      await this.#log.append(lane, [{ ...about, at: 5, receivedAt: 5, value }]);
    }
  }

  async send(count = Infinity): Promise<void> {
    for (const lane of lanes) {
      for (let sent = 0; sent < count; sent++) {
        const [block] = await this.#log.read(lane, this.#log.cursor("uplink", lane), { entries: 1 });
        if (block === undefined) break;
        const { first, entries } = block;
        const readings = entries.map((reading, index) => ({ ...reading, seq: first + index }));
        const run = this.#log.runAt(first);
        const body = encodeBatch({ gateway, epoch: this.epoch, run }, readings);
        await intake.take(gateway, lane, body, staying);
        this.#log.commit("uplink", lane, first + entries.length - 1);
      }
    }
  }

  /** Copies the files as they are, as a back-up of a running machine does. */
  copyTo(name: string): void {
    for (const suffix of ["", "-wal"]) {
      if (existsSync(file(this.#name) + suffix)) copyFileSync(file(this.#name) + suffix, file(name) + suffix);
    }
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

async function valuesInCloud(): Promise<number[]> {
  const values: number[] = [];
  for (const lane of lanes) {
    for (const { entries } of await log.read(lane, 0, { entries: Infinity })) {
      for (const { value } of entries) values.push(value as number);
    }
  }
  return values.sort((a, b) => a - b);
}

it("keeps what a gateway appends to a restored copy of its log beside what that log had appended since", async () => {
  await startCloud();
  const original = new Edge("edge");
  await original.append(1, 2.5, 3);
  await original.send();
  original.copyTo("copy");
  await original.append(4, 5.5, 6, 7);
  await original.send();
  await original.close();

  const restored = new Edge("copy");
  await restored.append(14, 15.5);
  await restored.send();
  await restored.close();
  const again = new Edge("copy");
  await again.append(16);
  await again.send();
  const all = [1, 2.5, 3, 4, 5.5, 6, 7, 14, 15.5, 16];
  expect(await valuesInCloud()).toEqual(all);

  for (const isRestarted of [false, true]) {
    if (isRestarted) {
      await stopCloud();
      await startCloud();
    }
    const view = ledger.view(gateway, again.epoch, again.run);
    expect(view).toMatchObject({ received: [[1, 6]], missing: [], fork: { from: 4 } });
    expect(view.epoch).not.toBe(again.epoch);
    expect(ledger.view(gateway, original.epoch, original.run)).toMatchObject({ received: [[1, 7]], missing: [] });
  }
  // the old disk is put in once more
  const late = new Edge("edge");
  await late.append(8);
  await late.send();
  expect(await valuesInCloud()).toEqual([...all, 8].sort((a, b) => a - b));
  await again.close();
  await late.close();
  await stopCloud();
});

it("loses nothing and stores nothing twice, whenever the copy was made and whatever was sent by then", async () => {
  const count = fc.nat(4);
  const plan = fc.record({ before: count, sent: count, after: count, sentAfter: count, restored: count, mixed: count });
  await fc.assert(
    fc.asyncProperty(plan, async ({ before, sent, after, sentAfter, restored, mixed }) => {
      cases += 1;
      await startCloud();
      let next = 0;
      const values = (many: number): number[] => Array.from({ length: many }, () => (next += 0.5));
      const original = new Edge("edge");
      await original.append(...values(before));
      await original.send(sent);
      original.copyTo("copy");
      await original.append(...values(after));
      await original.send(sentAfter);
      const copy = new Edge("copy");
      await copy.append(...values(restored));
      await copy.send(mixed);
      await original.append(...values(mixed));
      await original.send();
      await copy.send();
      await copy.close();
      await original.close();
      const reopened = new Edge("copy");
      await reopened.append(...values(1));
      await reopened.send();
      const found = await valuesInCloud();
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => (index + 1) / 2));
      expect(found.length).toBe(next * 2);
      expect(ledger.view(gateway, reopened.epoch, reopened.run).missing).toEqual([]);
      await reopened.close();
      await stopCloud();
    }),
    { numRuns: 25 },
  );
});
