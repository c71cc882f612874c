import { createHash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { allowanceOf, type Allowance, type BudgetWindow } from "./budget.ts";

/** What was sent of late, so that a restart does not forget it: one row for each message and kind of window. */
export class BudgetTable {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #prune: StatementSync;
  readonly #fromLater: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare(
      "SELECT at FROM budget_use WHERE channel = ? AND key = ? AND at > ? ORDER BY at DESC LIMIT ?",
    );
    this.#insert = database.prepare("INSERT INTO budget_use (channel, key, at) VALUES (?, ?, ?)");
    this.#prune = database.prepare("DELETE FROM budget_use WHERE channel = ? AND at <= ?");
    this.#fromLater = database.prepare("UPDATE budget_use SET at = ?1 WHERE channel = ?2 AND at > ?1");
  }

  /** What a target may be sent, whatever the text. */
  allowance(
    channel: string,
    target: string,
    windows: readonly BudgetWindow[],
    reserve: number,
    now: number,
  ): Allowance {
    const parts = windows.filter(({ equal }) => equal !== true);
    return allowanceOf(
      parts.map((window) => ({ window, uses: this.#uses(channel, keyOf(target), window, now) })),
      reserve,
      now,
    );
  }

  /** When a target may be sent this very text, epoch milliseconds; now at the earliest. */
  equalAt(channel: string, target: string, text: string, windows: readonly BudgetWindow[], now: number): number {
    const parts = windows.filter(({ equal }) => equal === true);
    const uses = (window: BudgetWindow): number[] => this.#uses(channel, keyOf(target, text), window, now);
    return allowanceOf(
      parts.map((window) => ({ window, uses: uses(window) })),
      0,
      now,
    ).criticalAt;
  }

  /** Part of the caller's transaction, before the message goes out. */
  charge(channel: string, target: string, text: string, windows: readonly BudgetWindow[], now: number): void {
    if (windows.length === 0) return;
    this.#prune.run(channel, now - Math.max(...windows.map(({ window_ms }) => window_ms)));
    this.#insert.run(channel, keyOf(target), now);
    if (windows.some(({ equal }) => equal === true)) this.#insert.run(channel, keyOf(target, text), now);
  }

  /** A clock that was set back must not hold messages up until it comes to where it was. */
  clockSetBack(channel: string, now: number): void {
    this.#fromLater.run(now, channel);
  }

  #uses(channel: string, key: string, { messages, window_ms }: BudgetWindow, now: number): number[] {
    const rows = this.#select.all(channel, key, now - window_ms, messages) as { at: number }[];
    return rows.map(({ at }) => Math.min(at, now)).toReversed();
  }
}

function keyOf(target: string, text?: string): string {
  if (text === undefined) return `t:${target}`;
  return `e:${target}:${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`;
}
