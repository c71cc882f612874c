import type { DatabaseSync } from "node:sqlite";
import type { Awaited, Message, Receipt } from "./channel.ts";

/** Receipts that are asked for at a time, at most. */
const awaited_max = 100;

export interface Overdue {
  readonly id: number;
  readonly message: Message;
}

/** What is known of messages behind the vendor's yes: receipts, and those that another channel must take over. */
export class WatchTable {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Messages that another channel must take over by now. */
  overdue(channel: string, now: number): Overdue[] {
    const rows = this.#database
      .prepare(
        "SELECT id, message FROM notification WHERE channel = ? AND watch_at <= ? ORDER BY urgency, id LIMIT 100",
      )
      .all(channel, now) as { id: number; message: string }[];
    return rows.map(({ id, message }) => ({ id, message: JSON.parse(message) as Message }));
  }

  /** When the next one is overdue; null if none is watched. */
  nextAt(channel: string): number | null {
    const row = this.#database
      .prepare("SELECT min(watch_at) at FROM notification WHERE channel = ? AND watch_at IS NOT NULL")
      .get(channel);
    return (row as { at: number | null }).at;
  }

  messages(ids: readonly number[]): Overdue[] {
    const rows = this.#database
      .prepare("SELECT id, message FROM notification WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id")
      .all(JSON.stringify(ids)) as { id: number; message: string }[];
    return rows.map(({ id, message }) => ({ id, message: JSON.parse(message) as Message }));
  }

  unwatch(id: number): void {
    this.#database.prepare("UPDATE notification SET watch_at = NULL WHERE id = ?").run(id);
  }

  /** Of what the vendor took since then, and has not told the fate of: the newest first. */
  awaited(channel: string, since: number): Awaited[] {
    const rows = this.#database
      .prepare(
        `SELECT min(id) id, vendor_id vendorId, message, sent_at sentAt FROM notification
         WHERE channel = ? AND receipt = 'awaited' AND sent_at > ? GROUP BY vendor_id ORDER BY sent_at DESC LIMIT ?`,
      )
      .all(channel, since, awaited_max) as (Omit<Awaited, "phone"> & { message: string })[];
    return rows.map(({ id, vendorId, message, sentAt }) => {
      const { target } = JSON.parse(message) as Message;
      return { id, vendorId, phone: target.phone, sentAt };
    });
  }

  /** Writes a receipt to all that went in the same message. An undelivered one is overdue at once. */
  receive({ id, state, code }: Receipt, now: number): void {
    this.#database
      .prepare(
        `UPDATE notification SET receipt = ?1, receipt_at = ?2, receipt_code = ?3,
           watch_at = CASE WHEN watch_at IS NOT NULL AND ?1 = 'undelivered' THEN ?2 END
         WHERE receipt = 'awaited' AND (channel, vendor_id) = (SELECT channel, vendor_id FROM notification WHERE id = ?4)`,
      )
      .run(state, now, code, id);
  }
}
