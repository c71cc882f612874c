import type { DatabaseSync } from "node:sqlite";
import type { Lane } from "@gengfu/shared/model/reading";

/** A tap of someone's card, or of a defect's. */
export interface KnownTap {
  /** Made from the reading's identity. */
  readonly key: string;
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
  /** By the gateway's clock, epoch milliseconds. */
  readonly at: number;
  /** Whether that clock was right. */
  readonly sure: boolean;
  /** When the cloud heard of it, epoch milliseconds. */
  readonly heardAt: number;
  /** A name as it stands in the records. */
  readonly guard: string | null;
  readonly checkpoint: string | null;
  readonly defect: string | null;
}

/** Taps that are kept, so that one that comes late still finds the other; beyond it the oldest go. */
const taps_max = 20_000;
const age_max_ms = 7 * 86_400_000;

type TapRow = { readonly body: string; readonly finding: number | null };

/** Taps that are, or may become, half of a finding, and how far into the log they reach; in the caller's transaction. */
export class TapTable {
  readonly #database: DatabaseSync;
  /** Taps let go of at the bound since the start. */
  forgotten = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** False for one that is known. */
  add(tap: KnownTap): boolean {
    const { changes } = this.#database
      .prepare(
        "INSERT INTO tap (key, reader, at, heard_at, defect, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      )
      .run(tap.key, readerOf(tap), tap.at, tap.heardAt, tap.defect, JSON.stringify(tap));
    return changes > 0;
  }

  settle(key: string, finding: number): void {
    this.#database.prepare("UPDATE tap SET finding = ? WHERE key = ?").run(finding, key);
  }

  /** The last tap at the reader, of no defect, up to `within_ms` before this one. */
  before(tap: KnownTap, within_ms: number): KnownTap | undefined {
    const row = this.#database
      .prepare(
        `SELECT body, finding FROM tap WHERE reader = ? AND at BETWEEN ? AND ? AND defect IS NULL
         ORDER BY at DESC, key DESC LIMIT 1`,
      )
      .get(readerOf(tap), tap.at - within_ms, tap.at);
    return row === undefined ? undefined : tapOf(row as TapRow);
  }

  /** Taps of defects at the reader up to `within_ms` after this one, with what became of them; oldest first. */
  defectsAfter(tap: KnownTap, within_ms: number): { readonly tap: KnownTap; readonly finding: number | null }[] {
    const rows = this.#database
      .prepare(
        `SELECT body, finding FROM tap WHERE reader = ? AND at BETWEEN ? AND ? AND defect IS NOT NULL ORDER BY at, key`,
      )
      .all(readerOf(tap), tap.at, tap.at + within_ms) as TapRow[];
    return rows.map((row) => ({ tap: tapOf(row), finding: row.finding }));
  }

  /** Taps of defects that were heard by then and that nothing has become of; oldest first. */
  waiting(heardUntil: number): KnownTap[] {
    const rows = this.#database
      .prepare(
        "SELECT body, finding FROM tap WHERE defect IS NOT NULL AND finding IS NULL AND heard_at <= ? ORDER BY at, key",
      )
      .all(heardUntil) as TapRow[];
    return rows.map(tapOf);
  }

  /** Lets go of what nothing will follow on any more. */
  prune(now: number): void {
    const settled = "(defect IS NULL OR finding IS NOT NULL)";
    this.#database.prepare(`DELETE FROM tap WHERE ${settled} AND heard_at < ?`).run(now - age_max_ms);
    const { changes } = this.#database
      .prepare(
        `DELETE FROM tap WHERE ${settled} AND key IN (
           SELECT key FROM tap ORDER BY heard_at DESC, key DESC LIMIT -1 OFFSET ?)`,
      )
      .run(taps_max);
    this.forgotten += Number(changes);
  }

  /** 0 for a lane of a log that has begun anew. */
  cursor(lane: Lane, epoch: number): number {
    const row = this.#database.prepare("SELECT position FROM cursor WHERE lane = ? AND epoch = ?").get(lane, epoch);
    return (row as { position: number } | undefined)?.position ?? 0;
  }

  moveCursor(lane: Lane, epoch: number, position: number): void {
    this.#database.prepare("REPLACE INTO cursor (lane, epoch, position) VALUES (?, ?, ?)").run(lane, epoch, position);
  }
}

function readerOf({ gateway, device }: KnownTap): string {
  return `${gateway}/${device}`;
}

function tapOf({ body }: TapRow): KnownTap {
  return JSON.parse(body) as KnownTap;
}
