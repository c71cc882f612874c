import { strict as assert } from "node:assert";
import type { DatabaseSync } from "node:sqlite";
import type { Block, Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import { lanes, type Lane, type StoredReading } from "@gengfu/shared/model/reading";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";
import type { Clock } from "@gengfu/shared/time/clock";
import { UnitMemory, type UnitRecord } from "./unit-memory.ts";

/** The name of its cursor in the log. */
export const transmissionConsumer = "gb26875";

const checkpoint_ms = 5_000;
const replay_entries = 10_000;

const schema = `
  CREATE TABLE IF NOT EXISTS unit (gateway TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;  -- JSON
  CREATE TABLE IF NOT EXISTS cursor (lane TEXT PRIMARY KEY, log_epoch INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
`;

export interface UnitMemoriesOptions {
  /** Where they are written down; its folder must exist. */
  readonly file: string;
  /** The gateways that are transmission devices, and the devices of the site behind each. */
  readonly gateways: ReadonlyMap<string, ReadonlySet<string>>;
  readonly log: Log<StoredReading>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What is known of the transmission devices, a fold over the log as the ledger is: frames are known again and contacts
 * stay what they were though the cloud died right behind a commit.
 */
export class UnitMemories {
  readonly #options: UnitMemoriesOptions;
  readonly #units: Map<string, UnitMemory>;
  readonly #changed = new Set<string>();
  readonly #positions = new Map<Lane, number>();
  #database: DatabaseSync | undefined;
  #stopListening: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: UnitMemoriesOptions) {
    this.#options = options;
    this.#units = new Map([...options.gateways].map(([gateway, devices]) => [gateway, new UnitMemory(devices)]));
  }

  /** Resolves once it knows all that the log holds. */
  async start(): Promise<void> {
    const { file, log, logger } = this.#options;
    this.#database = openSqliteFile({ file, logger, schema, version: 1, synchronous: "normal", cache_kib: 2_000 });
    this.#read(this.#database);
    let isLive = false;
    this.#stopListening = log.onAppend((lane, block) => {
      // before that it is read from the log
      if (isLive) this.#take(lane, block);
    });
    for (;;) {
      let taken = 0;
      for (const lane of lanes) {
        const blocks = await log.read(lane, this.#positions.get(lane) ?? 0, { entries: replay_entries });
        for (const block of blocks) this.#take(lane, block);
        taken += blocks.length;
      }
      if (taken === 0) break;
    }
    isLive = true;
    this.#checkpoint();
  }

  stop(): void {
    this.#stopListening?.();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#checkpoint();
    this.#database?.close();
    this.#database = undefined;
  }

  of(gateway: string): UnitMemory {
    const unit = this.#units.get(gateway);
    assert(unit !== undefined, `${gateway} is a transmission device`);
    return unit;
  }

  #read(database: DatabaseSync): void {
    const { log, gateways } = this.#options;
    const rows = database.prepare("SELECT gateway, record FROM unit").all() as { gateway: string; record: string }[];
    for (const { gateway, record } of rows) {
      const devices = gateways.get(gateway);
      if (devices !== undefined) this.#units.set(gateway, new UnitMemory(devices, JSON.parse(record) as UnitRecord));
    }
    const cursors = database.prepare("SELECT lane, log_epoch, position FROM cursor").all();
    for (const { lane, log_epoch, position } of cursors as { lane: Lane; log_epoch: number; position: number }[]) {
      // positions of a former log say nothing
      if (log_epoch === log.epoch) this.#positions.set(lane, Math.min(position, log.last));
    }
  }

  #take(lane: Lane, block: Block<StoredReading>): void {
    for (const reading of block.entries) {
      const unit = this.#units.get(reading.gateway);
      if (unit === undefined) continue;
      unit.take(reading);
      this.#changed.add(reading.gateway);
    }
    this.#positions.set(lane, block.first + block.entries.length - 1);
    this.#cancelTimer ??= this.#options.clock.after(checkpoint_ms, () => {
      this.#cancelTimer = undefined;
      this.#checkpoint();
    });
  }

  /** State and positions in one transaction; only then may the log let go of the blocks. */
  #checkpoint(): void {
    const database = this.#database;
    const { log, logger } = this.#options;
    if (database === undefined) return;
    try {
      inTransaction(database, () => {
        const put = database.prepare("REPLACE INTO unit (gateway, record) VALUES (?, ?)");
        for (const gateway of this.#changed) put.run(gateway, JSON.stringify(this.of(gateway).record));
        const move = database.prepare("REPLACE INTO cursor (lane, log_epoch, position) VALUES (?, ?, ?)");
        for (const [lane, position] of this.#positions) move.run(lane, log.epoch, position);
      });
    } catch (error) {
      logger.warn({ err: error }, "what is known of the transmission devices can't be written down for now");
      return;
    }
    this.#changed.clear();
    for (const [lane, position] of this.#positions) log.commit(transmissionConsumer, lane, position);
  }
}
