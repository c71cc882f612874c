import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  applyStep,
  lateNoteAt,
  overdueAt,
  replay,
  unsettledStates,
  type Discovery,
  type Finding,
  type FindingState,
  type FindingStep,
  type NewStep,
} from "./finding.ts";

export interface FindingQuery {
  readonly states?: readonly FindingState[] | undefined;
  /** Only those that are late at `now`, or only those that are not. */
  readonly overdue?: boolean | undefined;
  readonly site?: string | undefined;
  /** Bounds of `foundAt`; `to` is not included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

type FindingRow = { readonly body: string };
type StepRow = {
  readonly id: number;
  readonly finding: number;
  readonly at: number;
  readonly recorded_at: number;
  readonly what: FindingStep["what"];
  readonly state: FindingState;
  readonly who: string;
  readonly note: string | null;
  readonly changes: string;
};

/** Findings and their steps; all writing is in the caller's transaction. */
export class FindingTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #addStep: StatementSync;
  readonly #list: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO finding (key, site, state, found_at, defect, place, body) VALUES (?, ?, 'open', ?, ?, ?, '{}')",
    );
    this.#update = database.prepare(
      "UPDATE finding SET state = ?, found_at = ?, overdue_at = ?, note_at = ?, place = ?, body = ? WHERE id = ?",
    );
    this.#addStep = database.prepare(
      `INSERT INTO step (finding, key, at, recorded_at, what, state, who, note, changes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#list = database.prepare(
      `SELECT body FROM finding
       WHERE (?1 IS NULL OR state IN (SELECT value FROM json_each(?1)))
         AND (?2 IS NULL OR (overdue_at IS NOT NULL AND overdue_at <= ?3) = ?2)
         AND (?4 IS NULL OR site = ?4) AND (?5 IS NULL OR found_at >= ?5) AND (?6 IS NULL OR found_at < ?6)
       ORDER BY found_at DESC, id DESC LIMIT ?7`,
    );
  }

  /** A new one from its first step, which holds all of it. */
  create(key: string | null, discovery: Discovery, step: NewStep, recordedAt: number): Finding {
    const { lastInsertRowid } = this.#insert.run(
      key,
      discovery.site,
      discovery.foundAt,
      discovery.defect,
      placeOf(discovery),
    );
    const id = Number(lastInsertRowid);
    const finding = replay(id, [step]);
    if (finding === undefined) throw new Error("a finding's first step must say that it was found");
    this.#write(finding, step, recordedAt, null);
    return finding;
  }

  /** Appends a step, and gives the finding after it. */
  append(finding: Finding, step: NewStep, recordedAt: number, key: string | null = null): Finding {
    const next = applyStep(finding, step);
    this.#write(next, step, recordedAt, key);
    return next;
  }

  get(id: number): Finding | undefined {
    return findingOf(this.#database.prepare("SELECT body FROM finding WHERE id = ?").get(id));
  }

  byKey(key: string): Finding | undefined {
    return findingOf(this.#database.prepare("SELECT body FROM finding WHERE key = ?").get(key));
  }

  /** The newest of a defect at a place that was not settled at that time. */
  ofDefect(about: Pick<Discovery, "site" | "defect" | "checkpoint" | "device">, at: number): Finding | undefined {
    const rows = this.#database
      .prepare("SELECT body FROM finding WHERE defect = ? AND place IS ? AND site = ? ORDER BY id DESC LIMIT 100")
      .all(about.defect, placeOf(about), about.site);
    return rows.flatMap((row) => findingOf(row) ?? []).find(({ closedAt }) => closedAt === null || closedAt > at);
  }

  hasStep(finding: number, key: string): boolean {
    return this.#database.prepare("SELECT 1 FROM step WHERE finding = ? AND key = ?").get(finding, key) !== undefined;
  }

  /** Oldest first. */
  steps(finding: number): FindingStep[] {
    const rows = this.#database.prepare("SELECT * FROM step WHERE finding = ? ORDER BY id").all(finding) as StepRow[];
    return rows.map(({ id, at, recorded_at, what, state, who, note, changes }) => ({
      id,
      finding,
      at,
      recordedAt: recorded_at,
      what,
      state,
      who,
      note,
      changes: JSON.parse(changes) as FindingStep["changes"],
    }));
  }

  /** Newest first. */
  list({ states, overdue, site, from, to, limit }: FindingQuery, now: number): Finding[] {
    const rows = this.#list.all(
      states === undefined ? null : JSON.stringify(states),
      overdue === undefined ? null : Number(overdue),
      now,
      site ?? null,
      from ?? null,
      to ?? null,
      limit,
    );
    return rows.flatMap((row) => findingOf(row) ?? []);
  }

  /** Those of which something late is to be noted, oldest first. */
  late(now: number, limit: number): Finding[] {
    const rows = this.#database
      .prepare("SELECT body FROM finding WHERE note_at IS NOT NULL AND note_at <= ? ORDER BY note_at, id LIMIT ?")
      .all(now, limit);
    return rows.flatMap((row) => findingOf(row) ?? []);
  }

  counts(now: number): { readonly states: ReadonlyMap<FindingState, number>; readonly overdue: number } {
    const rows = this.#database.prepare("SELECT state, count(*) count FROM finding GROUP BY state").all();
    const { overdue } = this.#database
      .prepare("SELECT count(*) overdue FROM finding WHERE overdue_at IS NOT NULL AND overdue_at <= ?")
      .get(now) as { overdue: number };
    const found = new Map((rows as { state: FindingState; count: number }[]).map(({ state, count }) => [state, count]));
    return { states: new Map(unsettledStates.map((state) => [state, found.get(state) ?? 0])), overdue };
  }

  #write(finding: Finding, step: NewStep, recordedAt: number, key: string | null): void {
    const { what, state, who, note, at, changes } = step;
    this.#addStep.run(finding.id, key, at, recordedAt, what, state, who, note, JSON.stringify(changes));
    this.#update.run(
      finding.state,
      finding.foundAt,
      overdueAt(finding),
      lateNoteAt(finding),
      placeOf(finding),
      JSON.stringify(finding),
      finding.id,
    );
  }
}

function placeOf({ checkpoint, device }: Pick<Discovery, "checkpoint" | "device">): string | null {
  return checkpoint ?? device;
}

function findingOf(row: unknown): Finding | undefined {
  return row === undefined ? undefined : (JSON.parse((row as FindingRow).body) as Finding);
}
