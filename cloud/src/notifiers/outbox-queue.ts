import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "@gengfu/shared/sqlite-file";
import { BudgetTable } from "./budget-table.ts";
import { planNext, type BudgetWindow, type Plan } from "./budget.ts";
import type { Channel, Message } from "./channel.ts";
import { digestOf } from "./digest.ts";

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
 * What of the outbox goes next. A row whose message is under way is `pending` without a time of its next attempt. The budget is
 * charged in the same transaction, before the message goes out. So a process that is killed loses no notification; what was
 * under way then goes out once more, as it was composed, and only that: whether the vendor had taken it, nobody can know.
 */
export class OutboxQueue {
  readonly #database: DatabaseSync;
  readonly #reserve: number;
  readonly #budgets: BudgetTable;
  readonly #queues: StatementSync;
  readonly #nextAt: StatementSync;
  readonly #claim: StatementSync;

  /** `reserve` is the share of budgets, 0 to 1, that is kept for critical messages. */
  constructor(database: DatabaseSync, reserve: number) {
    this.#database = database;
    this.#reserve = reserve;
    this.#budgets = new BudgetTable(database);
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
    const allowance = this.#budgets.allowance(channel, target, budgets, this.#reserve, now);
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
