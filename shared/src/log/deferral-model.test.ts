import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import { lanes, type Lane } from "../model/reading.ts";
import { ManualClock } from "../time/clock.ts";
import { readAll } from "./contract.ts";
import { jsonCodec } from "./json-codec.ts";
import { openSqliteLog, type SqliteLog } from "./sqlite-log.ts";

type Entry = { readonly n: number } | { readonly gap: readonly [number, number]; readonly lane: Lane };

const hold_ms = 2_000;
const write_every_ms = 60_000;

/** A gateway's log over its lives, and a cloud that takes over what it is sent. */
class Gateway {
  readonly #folder: string;
  readonly #clock = new ManualClock();
  #lives = 0;
  #log: SqliteLog<Entry>;
  #n = 0;
  /** What every position was ever seen to hold. */
  readonly #seen = new Map<number, { readonly lane: Lane; readonly entry: Entry }>();
  readonly #cloud = new Set<number>();
  readonly acknowledged = new Set<number>();
  readonly told: Record<Lane, Set<number>> = { events: new Set(), samples: new Set() };
  crashes = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#log = this.#open();
  }

  async append(lane: Lane, sizes: readonly number[], mayWait: boolean): Promise<void> {
    const life = this.#lives;
    for (const size of sizes) {
      const entries = Array.from({ length: size }, () => ({ n: (this.#n += 1) }));
      this.#log.append(lane, entries, { mayWait }).then(
        (first) => {
          if (life !== this.#lives) return;
          entries.forEach((entry, index) => {
            this.#see(first + index, lane, entry);
            this.acknowledged.add(first + index);
          });
        },
        // at the close of a log that could not be written
        () => undefined,
      );
    }
    await settle();
  }

  /** The cloud takes a part of what it has not acknowledged; the gateway hears of it, or does not. */
  async send(lane: Lane, part: number, isHeard: boolean): Promise<void> {
    const cursor = this.#log.cursor("uplink", lane);
    const behind = (await readAll(this.#log, lane)).filter(([position]) => position > cursor);
    const sent = behind.slice(0, Math.ceil(behind.length * part));
    for (const [position, entry] of sent) this.#take(position, lane, entry);
    const newest = sent.at(-1);
    if (isHeard && newest !== undefined) this.#log.commit("uplink", lane, newest[0]);
    await settle();
  }

  async advance(delay_ms: number): Promise<void> {
    this.#clock.advance(delay_ms);
    await settle();
  }

  setFull(isFull: boolean): void {
    this.#log.limitPages(isFull ? 1 : 1_000_000);
  }

  /** Goes on from the files as they are now. */
  async crash(): Promise<void> {
    this.crashes += 1;
    const file = this.#file;
    this.#lives += 1;
    for (const suffix of ["", "-wal"]) {
      if (existsSync(file + suffix)) copyFileSync(file + suffix, this.#file + suffix);
    }
    await this.#log.close();
    this.#log = this.#open();
    await this.check();
  }

  async reopen(): Promise<void> {
    await this.#log.close();
    await settle();
    this.#log = this.#open();
    await this.check();
  }

  /** Nothing that was acknowledged is lost, and nothing is told of that is still here. */
  async check(): Promise<void> {
    const held = await this.#held();
    for (const position of this.acknowledged) {
      expect(held.has(position) || this.#cloud.has(position), `${position} was acknowledged`).toBe(true);
    }
    for (const [position, lane] of held) {
      expect(this.told[lane].has(position), `${lane} ${position} is here, and told to be gone`).toBe(false);
    }
  }

  /** Sends what is left: the cloud has every position, or knows why not. */
  async finish(): Promise<void> {
    this.setFull(false);
    await this.advance(write_every_ms);
    await this.append("events", [1], false);
    await this.reopen();
    for (const lane of lanes) await this.send(lane, 1, true);
    for (let position = 1; position <= this.#log.last; position++) {
      const isKnown = this.#cloud.has(position) || lanes.some((lane) => this.told[lane].has(position));
      expect(isKnown, `${position} of ${this.#log.last}`).toBe(true);
    }
    await this.close();
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async #held(): Promise<Map<number, Lane>> {
    const held = new Map<number, Lane>();
    for (const lane of lanes) {
      for (const [position, entry] of await readAll(this.#log, lane)) {
        this.#see(position, lane, entry);
        held.set(position, lane);
        if ("gap" in entry) this.#hear(entry);
      }
    }
    return held;
  }

  #take(position: number, lane: Lane, entry: Entry): void {
    this.#see(position, lane, entry);
    this.#cloud.add(position);
    if ("gap" in entry) this.#hear(entry);
  }

  #hear({ lane, gap: [from, to] }: Extract<Entry, { gap: unknown }>): void {
    for (let position = from; position <= to; position++) this.told[lane].add(position);
  }

  /** No position ever holds anything else. */
  #see(position: number, lane: Lane, entry: Entry): void {
    const before = this.#seen.get(position);
    if (before !== undefined) expect({ lane, entry }, `position ${position}`).toEqual(before);
    this.#seen.set(position, { lane, entry });
  }

  get #file(): string {
    return join(this.#folder, `life-${this.#lives}.db`);
  }

  #open(): SqliteLog<Entry> {
    const life = this.#lives;
    const log = openSqliteLog<Entry>({
      file: this.#file,
      codec: jsonCodec(),
      clock: this.#clock,
      logger: silentLogger,
      // the files are copied, not torn from a machine
      synchronous: "normal",
      consumers: ["uplink"],
      tail_entries: 10_000,
      deferral: { guarantor: "uplink", hold_ms, write_every_ms, entries_max: 25, bytes_max: 400 },
      gapEntry: ({ lane, from, to }) => ({ gap: [from, to], lane }),
    });
    log.onAppend((lane, { first, entries }) => {
      if (life === this.#lives) entries.forEach((entry, index) => this.#see(first + index, lane, entry));
    });
    return log;
  }
}

async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await turn();
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-deferral-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lane = fc.constantFrom(...lanes);
const part = fc.double({ min: 0, max: 1, noNaN: true });
const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant("append" as const), lane, sizes, mayWait: fc.constant(true) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("append" as const), lane, sizes, mayWait: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant("send" as const), lane, part, isHeard: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant("advance" as const), delay_ms: fc.constantFrom(500, 2_000, 60_000) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("crash" as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("reopen" as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("disk" as const), isFull: fc.boolean() }) },
);

it("loses nothing that it acknowledged, on disk or with its guarantor, and gives no position twice", async () => {
  let cases = 0;
  const seen = { acknowledged: 0, crashes: 0, told: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
      const own = mkdtempSync(join(folder, `case-${(cases += 1)}-`));
      const gateway = new Gateway(own);
      try {
        for (const each of steps) {
          if (each.what === "append") await gateway.append(each.lane, each.sizes, each.mayWait);
          else if (each.what === "send") await gateway.send(each.lane, each.part, each.isHeard);
          else if (each.what === "advance") await gateway.advance(each.delay_ms);
          else if (each.what === "disk") gateway.setFull(each.isFull);
          else await gateway[each.what]();
        }
        await gateway.finish();
      } finally {
        await gateway.close();
        rmSync(own, { recursive: true });
      }
      seen.acknowledged += gateway.acknowledged.size;
      seen.crashes += gateway.crashes;
      seen.told += gateway.told.samples.size;
    }),
    { numRuns: 50 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});
