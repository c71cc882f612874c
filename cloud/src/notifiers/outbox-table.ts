import type { DatabaseSync, StatementSync } from "node:sqlite";
import { severities, type Severity } from "@gengfu/shared/model/rule";
import type { Notification, NotificationState } from "../alerts/alert.ts";
import type { NotificationQuery } from "../alerts/alert-service.ts";
import type { Verdict } from "./attempt.ts";
import type { Message } from "./channel.ts";

/** Messages that wait for one channel, at most; what comes beyond counts as failed, with the code `outbox_full`. */
export const outbox_max = 10_000;

/** A message that waits to be sent. */
export interface Waiting {
  readonly id: number;
  readonly message: Message;
  readonly attempts: number;
  readonly createdAt: number;
}

type Row = {
  readonly id: number;
  readonly alert: string;
  readonly about: "firing" | "cleared";
  readonly channel: string;
  readonly target: string;
  readonly state: NotificationState;
  readonly urgency: number;
  readonly text: string;
  readonly attempts: number;
  readonly created_at: number;
  readonly sent_at: number | null;
  readonly next_at: number | null;
  readonly code: string | null;
  readonly detail: string | null;
};

/** The durable outbox: one row for each alert, channel and target, so that a message that comes again is not sent again. */
export class OutboxTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  readonly #due: StatementSync;
  readonly #nextAt: StatementSync;
  readonly #settle: StatementSync;

  readonly #waiting_max: number;

  constructor(database: DatabaseSync, waiting_max = outbox_max) {
    this.#database = database;
    this.#waiting_max = waiting_max;
    this.#insert = database.prepare(
      `INSERT INTO notification (alert, about, channel, target, state, urgency, text, message, created_at, next_at, code)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    this.#count = database.prepare("SELECT count(*) count FROM notification WHERE channel = ? AND state = 'pending'");
    this.#due = database.prepare(
      `SELECT id, message, attempts, created_at createdAt FROM notification
       WHERE channel = ? AND state = 'pending' AND next_at <= ? ORDER BY urgency, id LIMIT ?`,
    );
    this.#nextAt = database.prepare(
      "SELECT min(next_at) at FROM notification WHERE channel = ? AND state = 'pending' AND next_at > ?",
    );
    this.#settle = database.prepare(
      `UPDATE notification SET state = ?, attempts = attempts + 1, sent_at = ?, next_at = ?, code = ?, detail = ?
       WHERE id = ?`,
    );
  }

  /** Part of the caller's transaction. Says what became of it. */
  add(channel: string, message: Message, text: string, configured: boolean, now: number): NotificationState {
    const { count } = this.#count.get(channel) as { count: number };
    const state = !configured ? "would_be_sent" : count >= this.#waiting_max ? "failed" : "pending";
    const { alert, about, target, severity } = message;
    const urgency = severities.indexOf(severity);
    const code = state === "failed" ? "outbox_full" : null;
    const next = state === "pending" ? now : null;
    const body = JSON.stringify(message);
    this.#insert.run(alert, about, channel, target.id, state, urgency, text, body, now, next, code);
    return state;
  }

  /** The most urgent that is due and not among those under way. */
  next(channel: string, now: number, underWay: ReadonlySet<number>): Waiting | undefined {
    const rows = this.#due.all(channel, now, underWay.size + 1) as (Omit<Waiting, "message"> & { message: string })[];
    const row = rows.find(({ id }) => !underWay.has(id));
    return row === undefined ? undefined : { ...row, message: JSON.parse(row.message) as Message };
  }

  /** When the next one becomes due after now. */
  nextAt(channel: string, now: number): number | null {
    return (this.#nextAt.get(channel, now) as { at: number | null }).at;
  }

  settle(id: number, verdict: Verdict, now: number): void {
    const at = verdict.state === "pending" ? now + verdict.delay_ms : null;
    const { code, detail } = verdict.state === "sent" ? { code: null, detail: null } : verdict;
    this.#settle.run(verdict.state, verdict.state === "sent" ? now : null, at, code, detail, id);
  }

  /** What waits for channels that are no longer there or no longer configured. */
  strand(configured: readonly string[]): void {
    this.#database
      .prepare(
        `UPDATE notification SET state = 'would_be_sent', next_at = NULL
         WHERE state = 'pending' AND channel NOT IN (SELECT value FROM json_each(?))`,
      )
      .run(JSON.stringify(configured));
  }

  counts(): { channel: string; state: NotificationState; count: number }[] {
    return this.#database
      .prepare(
        "SELECT channel, state, count(*) count FROM notification GROUP BY channel, state ORDER BY channel, state",
      )
      .all() as { channel: string; state: NotificationState; count: number }[];
  }

  list(query: NotificationQuery): Notification[] {
    const rows = this.#database
      .prepare(
        `SELECT * FROM notification
         WHERE (?1 IS NULL OR alert = ?1) AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))
         ORDER BY id DESC LIMIT ?3`,
      )
      .all(
        query.alert ?? null,
        query.states === undefined ? null : JSON.stringify(query.states),
        query.limit ?? 1_000,
      ) as Row[];
    return rows.map((row) => ({
      id: row.id,
      alert: row.alert,
      severity: severities[row.urgency] as Severity,
      about: row.about,
      channel: row.channel,
      target: row.target,
      state: row.state,
      text: row.text,
      attempts: row.attempts,
      createdAt: row.created_at,
      sentAt: row.sent_at,
      nextAttemptAt: row.next_at,
      code: row.code,
      detail: row.detail,
    }));
  }
}
