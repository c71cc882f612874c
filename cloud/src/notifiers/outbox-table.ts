import type { DatabaseSync, StatementSync } from "node:sqlite";
import { severities } from "@gengfu/shared/model/rule";
import { inTransaction } from "@gengfu/shared/sqlite-file";
import type { Notification, NotificationState } from "../alerts/alert.ts";
import type { NotificationQuery } from "../alerts/alert-service.ts";
import type { Verdict } from "./attempt.ts";
import { BudgetTable } from "./budget-table.ts";
import { planNext, type BudgetWindow, type Plan } from "./budget.ts";
import type { Channel, Message } from "./channel.ts";
import { digestOf } from "./digest.ts";
import { notificationOf, type NotificationRow } from "./notification-row.ts";
import { prepareOutbox } from "./outbox-schema.ts";
import { notificationSettings, type NotificationSettings } from "./settings.ts";

/** Messages that wait for one channel, at most; what comes beyond counts as failed, with the code `outbox_full`. */
export const outbox_max = 10_000;
/** The part of it that only critical ones may use. */
const criticalShare = 0.1;
/** Messages that go together in one, at most. */
const group_max = 1_000;

/** What is to be sent as one message. */
export interface Waiting {
  /** Of the notifications that it stands for, oldest first. */
  readonly ids: readonly [number, ...number[]];
  readonly message: Message;
  /** Of the one that was tried most. */
  readonly attempts: number;
  /** Of the oldest. */
  readonly createdAt: number;
}

export type Taken =
  | { readonly kind: "message"; readonly waiting: Waiting }
  /** Nothing may go before then; null where nothing waits. */
  | { readonly kind: "wait"; readonly until: number | null };

export type OutboxSettings = Pick<NotificationSettings, "storm" | "failover" | "reserve">;

/** How the vendor told what became of a message that it took. */
export interface ReceiptNews {
  readonly id: number;
  readonly state: "delivered" | "undelivered";
  readonly at: number;
  readonly code: string | null;
}

type QueueRow = {
  readonly target: string;
  readonly critical: number;
  readonly singles: number;
  readonly sites: number;
  readonly grouped: number | null;
  readonly urgency: number;
};

type WaitingRow = {
  readonly id: number;
  readonly message: string;
  readonly attempts: number;
  readonly createdAt: number;
};

const waitingColumns = "id, message, attempts, created_at createdAt";

/**
 * The durable outbox: one row for each alert, channel and target, so that a message that comes again is not sent again.
 *
 * A row whose message is under way is `pending` without a time of its next attempt. The budget is charged in the same
 * transaction, before the message goes out. So a process that is killed loses no notification; what was under way then goes
 * out once more, as it was composed, and only that: whether the vendor had taken it, nobody can know.
 */
export class OutboxTable {
  readonly #database: DatabaseSync;
  readonly #settings: OutboxSettings;
  readonly #waiting_max: number;
  readonly #budgets: BudgetTable;
  readonly #waiting = new Map<string, number>();
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  readonly #ofSite: StatementSync;
  readonly #stormEnd: StatementSync;
  readonly #queues: StatementSync;
  readonly #nextAt: StatementSync;
  readonly #claim: StatementSync;
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
    this.#budgets = new BudgetTable(database);
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
    this.#queues = database.prepare(
      `SELECT target, min(urgency) urgency,
         count(*) FILTER (WHERE urgency = 0 AND group_id IS NULL) critical,
         count(*) FILTER (WHERE urgency > 0 AND group_id IS NULL AND stormy = 0) singles,
         count(DISTINCT CASE WHEN urgency > 0 AND group_id IS NULL AND stormy = 1 THEN site END) sites,
         min(CASE WHEN group_id IS NOT NULL THEN urgency END) grouped
       FROM notification WHERE channel = ? AND state = 'pending' AND next_at <= ?
       GROUP BY target ORDER BY 2, min(id)`,
    );
    this.#nextAt = database.prepare(
      "SELECT min(next_at) at FROM notification WHERE channel = ? AND state = 'pending' AND next_at > ?",
    );
    this.#claim = database.prepare("UPDATE notification SET next_at = NULL, group_id = ? WHERE id = ?");
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

  /** What was under way when the process ended is due again. */
  recover(channel: string, now: number): void {
    this.#database
      .prepare("UPDATE notification SET next_at = ? WHERE channel = ? AND state = 'pending' AND next_at IS NULL")
      .run(now, channel);
    this.#budgets.clockSetBack(channel, now);
  }

  /** What goes next, within the budgets: claimed and charged when this returns. */
  take({ name, budgets, render }: Pick<Channel, "name" | "budgets" | "render">, now: number): Taken {
    return inTransaction(this.#database, () => {
      let until = Infinity;
      for (const queue of this.#queues.all(name, now) as QueueRow[]) {
        for (;;) {
          const { plan, rows } = this.#plan(name, budgets, queue, now);
          if (plan.kind === "wait") until = Math.min(until, plan.until);
          const waiting = waitingOf(rows);
          if (waiting === null) break;
          const text = render(waiting.message);
          const equalAt = this.#budgets.equalAt(name, queue.target, text, budgets, now);
          if (equalAt > now) {
            this.#defer(waiting.ids, equalAt);
            Object.assign(queue, this.#queueOf(name, queue.target, now));
            continue;
          }
          const [first] = waiting.ids;
          for (const id of waiting.ids) this.#claim.run(waiting.ids.length > 1 ? first : null, id);
          this.#budgets.charge(name, queue.target, text, budgets, now);
          return { kind: "message", waiting };
        }
      }
      const { at } = this.#nextAt.get(name, now) as { at: number | null };
      until = Math.min(until, at ?? Infinity);
      return { kind: "wait", until: until === Infinity ? null : until };
    });
  }

  #queueOf(channel: string, target: string, now: number): QueueRow {
    const rows = this.#queues.all(channel, now) as QueueRow[];
    const none = { target, critical: 0, singles: 0, sites: 0, grouped: null, urgency: 0 };
    return rows.find((row) => row.target === target) ?? none;
  }

  #plan(
    channel: string,
    budgets: readonly BudgetWindow[],
    { target, critical, singles, sites, grouped }: QueueRow,
    now: number,
  ): { plan: Plan; rows: WaitingRow[] } {
    const allowance = this.#budgets.allowance(channel, target, budgets, this.#settings.reserve, now);
    const group = grouped === null ? null : grouped === 0 ? "critical" : "low";
    const plan = planNext({ critical, singles, stormySites: sites, group }, allowance);
    const select = (which: string, limit: number): WaitingRow[] =>
      this.#database
        .prepare(
          `SELECT ${waitingColumns} FROM notification
           WHERE channel = ?1 AND target = ?2 AND state = 'pending' AND next_at <= ?3 AND ${which}
           ORDER BY urgency, id LIMIT ${limit}`,
        )
        .all(channel, target, now) as WaitingRow[];
    const due = "channel = ?1 AND target = ?2 AND state = 'pending' AND next_at <= ?3";
    switch (plan.kind) {
      case "critical":
        return { plan, rows: select("urgency = 0 AND group_id IS NULL", 1) };
      case "criticals":
        return { plan, rows: select("urgency = 0 AND group_id IS NULL", group_max) };
      case "group":
        return {
          plan,
          rows: select(
            `group_id = (SELECT group_id FROM notification WHERE ${due} AND group_id IS NOT NULL ORDER BY urgency, id LIMIT 1)`,
            group_max,
          ),
        };
      case "single":
        return { plan, rows: select("group_id IS NULL AND stormy = 0", 1) };
      case "site":
        return {
          plan,
          rows: select(
            `group_id IS NULL AND stormy = 1 AND site = (SELECT site FROM notification WHERE ${due} AND stormy = 1 ORDER BY urgency, id LIMIT 1)`,
            group_max,
          ),
        };
      case "digest":
        return { plan, rows: select("group_id IS NULL", group_max) };
      case "wait":
      case "idle":
        return { plan, rows: [] };
    }
  }

  #defer(ids: readonly number[], at: number): void {
    const defer = this.#database.prepare("UPDATE notification SET next_at = ? WHERE id = ?");
    for (const id of ids) defer.run(at, id);
  }

  /** What was not sent after all, since the service stops. */
  release(ids: readonly number[], now: number): void {
    inTransaction(this.#database, () => this.#defer(ids, now));
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

function waitingOf(rows: readonly WaitingRow[]): Waiting | null {
  const message = digestOf(rows.map((row) => JSON.parse(row.message) as Message));
  const [first, ...others] = rows;
  if (message === null || first === undefined) return null;
  return {
    ids: [first.id, ...others.map(({ id }) => id)],
    message,
    attempts: Math.max(...rows.map(({ attempts }) => attempts)),
    createdAt: Math.min(...rows.map(({ createdAt }) => createdAt)),
  };
}
