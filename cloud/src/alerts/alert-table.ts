import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AlertQuery } from "./alert-service.ts";
import { alertStates, type Alert, type AlertStep, type AlertStepOfAlert } from "./alert.ts";
import type { NewStep } from "./alert-machine.ts";

const stepColumns =
  "step.id, step.alert, step.at, step.recorded_at recordedAt, step.what, step.state, step.who, step.note";

type StepRow = { [key in keyof AlertStep]: AlertStep[key] };

/** The alerts and what happened to them. */
export class AlertTable {
  readonly #database: DatabaseSync;
  readonly #alerts_max: number;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertStep: StatementSync;
  readonly #steps: StatementSync;
  readonly #stepsAfter: StatementSync;
  #forgotten = 0;

  constructor(database: DatabaseSync, alerts_max: number) {
    this.#database = database;
    this.#alerts_max = alerts_max;
    this.#select = database.prepare("SELECT body FROM alert WHERE id = ?");
    this.#upsert = database.prepare(
      `INSERT INTO alert (id, state, severity, raised_at, body) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET state = excluded.state, severity = excluded.severity, raised_at = excluded.raised_at, body = excluded.body`,
    );
    this.#delete = database.prepare("DELETE FROM alert WHERE id = ?");
    this.#insertStep = database.prepare(
      "INSERT INTO step (alert, at, recorded_at, what, state, who, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#steps = database.prepare(`SELECT ${stepColumns} FROM step WHERE alert = ? ORDER BY id`);
    this.#stepsAfter = database.prepare(
      `SELECT ${stepColumns}, alert.body FROM step JOIN alert ON alert.id = step.alert
       WHERE step.id > ? ORDER BY step.id LIMIT ?`,
    );
  }

  /** Alerts that were removed at the bound. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get(id: string): Alert | undefined {
    const row = this.#select.get(id) as { body: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.body) as Alert);
  }

  put(alert: Alert): void {
    if (this.#select.get(alert.id) === undefined) this.#makeRoom();
    this.#upsert.run(alert.id, alert.state, alert.severity, alert.raisedAt, JSON.stringify(alert));
  }

  remove(id: string): void {
    this.#delete.run(id);
  }

  addStep(alert: string, step: NewStep, recordedAt: number): void {
    this.#insertStep.run(alert, step.at, recordedAt, step.what, step.state, step.who, step.note);
  }

  steps(id: string): AlertStep[] {
    return this.#steps.all(id) as StepRow[];
  }

  stepsAfter(after: number, limit: number): AlertStepOfAlert[] {
    const rows = this.#stepsAfter.all(after, limit) as (StepRow & { body: string })[];
    return rows.map(({ body, ...step }) => {
      const { rule, severity, site, gateway, device, channel, value } = JSON.parse(body) as Alert;
      return { ...step, rule, severity, site, gateway, device, channel, value };
    });
  }

  list(query: AlertQuery): Alert[] {
    const states = query.states ?? alertStates.filter((state) => state !== "pending");
    const rows = this.#database
      .prepare(
        `SELECT body FROM alert
         WHERE raised_at >= ? AND raised_at <= ?
           AND state IN (SELECT value FROM json_each(?)) AND (? IS NULL OR severity IN (SELECT value FROM json_each(?)))
         ORDER BY raised_at DESC, id DESC LIMIT ?`,
      )
      .all(
        query.from ?? Number.MIN_SAFE_INTEGER,
        query.to ?? Number.MAX_SAFE_INTEGER,
        JSON.stringify(states),
        query.severities === undefined ? null : 1,
        JSON.stringify(query.severities ?? []),
        query.limit ?? 1_000,
      ) as { body: string }[];
    return rows.map(({ body }) => JSON.parse(body) as Alert);
  }

  /** At the bound the oldest goes: of the closed ones, or else of those that cleared. What still holds stays. */
  #makeRoom(): void {
    const { count } = this.#database.prepare("SELECT count(*) count FROM alert").get() as { count: number };
    if (count < this.#alerts_max) return;
    const oldest = this.#database
      .prepare(
        `SELECT id FROM alert WHERE state IN ('closed', 'cleared') ORDER BY state = 'cleared', raised_at LIMIT 1`,
      )
      .get() as { id: string } | undefined;
    if (oldest === undefined) return;
    this.remove(oldest.id);
    this.#database.prepare("DELETE FROM step WHERE alert = ?").run(oldest.id);
    this.#database.prepare("DELETE FROM notification WHERE alert = ?").run(oldest.id);
    this.#forgotten++;
  }
}
