import type { DatabaseSync, StatementSync } from "node:sqlite";
import { severities } from "@gengfu/shared/model/rule";
import { inTransaction } from "@gengfu/shared/sqlite-file";
import type { Notification, NotificationState } from "../alerts/alert.ts";
import type { NotificationQuery } from "../alerts/alert-service.ts";
import type { Verdict } from "./attempt.ts";
import type { Message } from "./channel.ts";
import { notificationOf, type NotificationRow } from "./notification-row.ts";
import { prepareOutbox } from "./outbox-schema.ts";
import { notificationSettings, type NotificationSettings } from "./settings.ts";

/** Messages that wait for one channel, at most; what comes beyond counts as failed, with the code `outbox_full`. */
export const outbox_max = 10_000;
/** The part of it that only critical ones may use. */
const criticalShare = 0.1;
export type OutboxSettings = Pick<NotificationSettings, "storm" | "failover">;

/** The durable outbox: one row for each alert, channel and target, so that a message that comes again is not sent again. */
export class OutboxTable {
  readonly #database: DatabaseSync;
  readonly #settings: OutboxSettings;
  readonly #waiting_max: number;
  readonly #waiting = new Map<string, number>();
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  readonly #ofSite: StatementSync;
  readonly #stormEnd: StatementSync;
  readonly #settle: StatementSync;

  constructor(
    database: DatabaseSync,
    waiting_max = outbox_max,
    settings: OutboxSettings = notificationSettings.parse({}),
  ) {
    prepareOutbox(database);
    this.#database = database;
    this.#settings = settings;
    this.#waiting_max = waiting_max;
    this.#insert = database.prepare(
      `INSERT INTO notification
         (alert, about, channel, target, state, urgency, text, message, created_at, next_at, code, site, stormy, watch_at, instead_of)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (alert, about, channel, target) DO UPDATE SET
         state = excluded.state, urgency = excluded.urgency, text = excluded.text, message = excluded.message,
         created_at = excluded.created_at, next_at = excluded.next_at, code = excluded.code, detail = NULL,
         stormy = excluded.stormy, watch_at = excluded.watch_at, group_id = NULL,
         vendor_id = NULL, receipt = NULL, receipt_at = NULL, receipt_code = NULL
       WHERE excluded.urgency < urgency`,
    );
    this.#count = database.prepare("SELECT count(*) count FROM notification WHERE channel = ? AND state = 'pending'");
    this.#ofSite = database.prepare(
      `SELECT count(*) count FROM (SELECT 1 FROM notification
       WHERE channel = ? AND target = ? AND site = ? AND created_at > ? LIMIT ?)`,
    );
    this.#stormEnd = database.prepare(
      `SELECT min(next_at) at FROM notification
       WHERE channel = ? AND target = ? AND site = ? AND stormy = 1 AND state = 'pending' AND next_at > ?`,
    );
    this.#settle = database.prepare(
      `UPDATE notification SET state = ?, attempts = attempts + 1, sent_at = ?, next_at = ?, code = ?, detail = ?,
         group_id = CASE WHEN ?1 = 'pending' THEN NULL ELSE group_id END,
         vendor_id = coalesce(?, vendor_id), receipt = coalesce(?, receipt), watch_at = ?
       WHERE id = ?`,
    );
  }

  /**
   * Part of the caller's transaction. Says what became of it. What is there already stays as it is, unless the alert became
   * graver: then it is told again. `insteadOf` names the channel that didn't bring it through.
   */
  add(
    channel: string,
    message: Message,
    text: string,
    configured: boolean,
    now: number,
    insteadOf: string | null = null,
  ): NotificationState {
    const count = this.#waitingOf(channel);
    const { alert, about, target, severity } = message;
    const isCritical = severity === "critical";
    const room = isCritical ? this.#waiting_max : Math.ceil(this.#waiting_max * (1 - criticalShare));
    const state = !configured ? "would_be_sent" : count >= room ? "failed" : "pending";
    const stormAt = state === "pending" && !isCritical ? this.#stormAt(channel, message, now) : null;
    const next = state === "pending" ? (stormAt ?? now) : null;
    const watch = state === "pending" && isCritical ? now + this.#settings.failover.after : null;
    if (state === "pending") this.#waiting.set(channel, count + 1);
    this.#insert.run(
      alert,
      about,
      channel,
      target.id,
      state,
      severities.indexOf(severity),
      text,
      JSON.stringify(message),
      now,
      next,
      state === "failed" ? "outbox_full" : null,
      message.site.zh,
      Number(stormAt !== null),
      watch,
      insteadOf,
    );
    return state;
  }

  /** Counted once between two times that something is settled: what is taken back or known already makes it too high. */
  #waitingOf(channel: string): number {
    const known = this.#waiting.get(channel);
    if (known !== undefined) return known;
    const { count } = this.#count.get(channel) as { count: number };
    return count;
  }

  /** When the messages of a site that has too many go out together; null where it hasn't. */
  #stormAt(channel: string, { target, site }: Message, now: number): number | null {
    const { more_than, within } = this.#settings.storm;
    const { count } = this.#ofSite.get(channel, target.id, site.zh, now - within, more_than) as { count: number };
    if (count < more_than) return null;
    const { at } = this.#stormEnd.get(channel, target.id, site.zh, now) as { at: number | null };
    return Math.min(at ?? Infinity, now + within);
  }

  /** All of one message, in one transaction with what `andMore` does. */
  settle(
    ids: readonly number[],
    verdict: Verdict,
    { now, awaitsReceipt }: { readonly now: number; readonly awaitsReceipt: boolean },
    andMore: () => void = () => undefined,
  ): void {
    const at = verdict.state === "pending" ? now + verdict.delay_ms : null;
    const isSent = verdict.state === "sent";
    const { code, detail } = isSent ? { code: null, detail: null } : verdict;
    const vendorId = isSent ? (verdict.id ?? null) : null;
    const receipt = isSent && awaitsReceipt && vendorId !== null ? "awaited" : null;
    this.#waiting.clear();
    const watchSent = receipt === null ? null : now + this.#settings.failover.after;
    inTransaction(this.#database, () => {
      for (const id of ids) {
        const watch = verdict.state === "pending" ? this.#watchAt(id) : watchSent;
        this.#settle.run(verdict.state, isSent ? now : null, at, code, detail, vendorId, receipt, watch, id);
      }
      andMore();
    });
  }

  #watchAt(id: number): number | null {
    const row = this.#database.prepare("SELECT watch_at FROM notification WHERE id = ?").get(id);
    return (row as { watch_at: number | null }).watch_at;
  }

  /** What waits for channels that are no longer there or no longer configured. */
  strand(configured: readonly string[]): void {
    this.#waiting.clear();
    this.#database
      .prepare(
        `UPDATE notification SET state = 'would_be_sent', next_at = NULL, watch_at = NULL
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
      ) as NotificationRow[];
    return rows.map(notificationOf);
  }
}
