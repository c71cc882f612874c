import type { DatabaseSync } from "node:sqlite";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import { runConsumer } from "@gengfu/shared/log/consumer";
import type { Block, Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import { inTransaction } from "@gengfu/shared/sqlite-file";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { rulesName } from "../alerts/alert-recorder.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import type { SiteFacts } from "../site-facts.ts";
import { DefectTaps } from "./defect-taps.ts";
import { discover, type NewFinding } from "./discovery.ts";
import { after } from "./due.ts";
import { openFindingDatabase } from "./finding-database.ts";
import { FindingTable, type FindingQuery } from "./finding-table.ts";
import {
  discovered,
  happen,
  overdueOf,
  overdueStep,
  type Finding,
  type FindingState,
  type FindingStep,
  type Happening,
} from "./finding.ts";
import type { FindingSettings } from "./settings.ts";
import { TapTable } from "./tap-table.ts";

/** Name of the cursor in the log. */
export const findingsConsumer = "findings";
const batch_readings = 5_000;
/** How often it is looked for what has become late. */
const tick_ms = 10_000;
/** Findings noted as late in one transaction, at most; the others follow with the next look. */
const late_max = 1_000;

/** Whether the sites have defects whose cards guards may tap: only then the log is read. */
export function heedsTaps(sites: readonly Site[]): boolean {
  return sites.some(({ defects }) => defects.length > 0);
}

export interface FindingsOptions {
  /** The database file; its folder must exist. */
  readonly file: string;
  readonly log: Log<StoredReading>;
  readonly sites: readonly [Site, ...Site[]];
  readonly facts: Pick<SiteFacts, "tap">;
  readonly alerts: Pick<AlertService, "get">;
  readonly settings: FindingSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface FindingWithSteps extends Finding {
  readonly steps: readonly FindingStep[];
}

export interface NewStepOf extends Omit<Happening, "at"> {
  /** What a repeated call is recognised by. */
  readonly key?: string | undefined;
}

/** What became of a person's request. `lacking` says what else must be given. */
export type FindingAnswer =
  | { readonly ok: true; readonly finding: FindingWithSteps; readonly changed: boolean }
  | { readonly ok: false; readonly reason: "unknown" }
  | { readonly ok: false; readonly reason: "conflict" | "lacking"; readonly message: string };

export interface FindingStats {
  readonly states: ReadonlyMap<FindingState, number>;
  readonly overdue: number;
  /** Taps let go of at the bound since the start. */
  readonly tapsForgotten: number;
  /** Why the last look at what is late failed, while it is still being tried again. */
  readonly trouble: string | null;
}

interface Open {
  readonly database: DatabaseSync;
  readonly findings: FindingTable;
  readonly taps: TapTable;
  readonly defects: DefectTaps;
}

/** The rectification ledger (整改台账): what was found, who sees to it until when, and what became of it. */
export class Findings {
  readonly #options: FindingsOptions;
  readonly #listeners = new Set<(finding: Finding, what: "proposal" | "result") => void>();
  #open: Open | undefined;
  #trouble: string | null = null;

  constructor(options: FindingsOptions) {
    this.#options = options;
  }

  /** Opens the file; throws what `openSqliteFile` does. */
  start(): void {
    const { file, logger } = this.#options;
    const database = openFindingDatabase(file, logger);
    const findings = new FindingTable(database);
    const taps = new TapTable(database);
    this.#open = { database, findings, taps, defects: new DefectTaps({ ...this.#options, findings, taps }) };
  }

  /** Reads taps, and notes what has become late; resolves when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, sites, clock, logger } = this.#options;
    const { taps } = this.#running();
    const consumed = heedsTaps(sites)
      ? runConsumer<StoredReading>({
          log,
          consumer: findingsConsumer,
          // where nothing but others' readings came, only the log's cursor has moved
          cursor: (lane) => Math.max(taps.cursor(lane, log.epoch), log.cursor(findingsConsumer, lane)),
          batch: batch_readings,
          handle: (lane, blocks) => this.#handle(lane, blocks),
          clock,
          logger,
          signal,
        })
      : undefined;
    while (!signal.aborted) {
      this.#look();
      await pause(clock, tick_ms, signal);
    }
    await consumed;
  }

  stop(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.database.close();
  }

  /** Newest first. */
  list(query: FindingQuery): Finding[] {
    return this.#running().findings.list(query, this.#options.clock.now());
  }

  get(id: number): FindingWithSteps | undefined {
    const { findings } = this.#running();
    const finding = findings.get(id);
    return finding === undefined ? undefined : { ...finding, steps: findings.steps(id) };
  }

  /** Durable when it returns. */
  add(wanted: NewFinding): FindingAnswer {
    const { database, findings } = this.#running();
    const { clock, alerts } = this.#options;
    const now = clock.now();
    const alert = wanted.alert === undefined ? null : alerts.get(wanted.alert);
    if (alert === undefined) return lacking(`there is no alert ${JSON.stringify(wanted.alert)}`);
    const own = wanted.key === undefined ? null : `key:${wanted.key}`;
    const key = alert === null || wanted.another === true ? own : `alert:${alert.id}`;
    return inTransaction(database, () => {
      const known = key === null ? undefined : findings.byKey(key);
      if (known !== undefined) return this.#answer(known.id, false);
      const discovery = discover(wanted, alert, this.#options, now);
      if (typeof discovery === "string") return lacking(discovery);
      const step = discovered(discovery, now, wanted.note ?? null, wanted.by);
      return this.#answer(findings.create(key, discovery, step, now).id, true);
    });
  }

  /** Durable when it returns. */
  step(id: number, { key, ...wanted }: NewStepOf): FindingAnswer {
    const { database, findings } = this.#running();
    const now = this.#options.clock.now();
    return inTransaction(database, () => {
      const finding = findings.get(id);
      if (finding === undefined) return { ok: false, reason: "unknown" };
      if (key !== undefined && findings.hasStep(id, key)) return this.#answer(id, false);
      const outcome = happen(finding, { ...this.#withDue(finding, wanted), at: now });
      if (!outcome.ok) return outcome;
      findings.append(finding, outcome.step, now, key);
      return this.#answer(id, true);
    });
  }

  /** Calls back once for each finding whose measure or work has become late, after that is written down. */
  onOverdue(listener: (finding: Finding, what: "proposal" | "result") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(): FindingStats {
    const { findings, taps } = this.#running();
    return { ...findings.counts(this.#options.clock.now()), tapsForgotten: taps.forgotten, trouble: this.#trouble };
  }

  #running(): Open {
    if (this.#open === undefined) throw new GengfuError("store_unavailable", "the ledger of findings is not open");
    return this.#open;
  }

  #answer(id: number, changed: boolean): FindingAnswer {
    const finding = this.get(id);
    return finding === undefined ? { ok: false, reason: "unknown" } : { ok: true, finding, changed };
  }

  /** Taps and cursor in one transaction (I3). */
  #handle(lane: Lane, blocks: readonly Block<StoredReading>[]): void {
    const { database, taps, defects } = this.#running();
    const { log, clock } = this.#options;
    const newest = blocks.at(-1);
    if (newest === undefined) return;
    const now = clock.now();
    const read = blocks.flatMap(({ entries }) => entries.filter(({ kind }) => kind === "tap"));
    if (read.length === 0) return;
    const changed = inTransaction(database, () => {
      const touched = read.flatMap((reading) => defects.take(reading, now));
      taps.moveCursor(lane, log.epoch, newest.first + newest.entries.length - 1);
      return touched;
    });
    for (const { id, defect, state } of changed) {
      this.#options.logger.info({ finding: id, defect, state }, "a tap of a defect stands in the ledger");
    }
  }

  #look(): void {
    const { clock, logger } = this.#options;
    const { database, findings, defects } = this.#running();
    const now = clock.now();
    try {
      const late = inTransaction(database, () => {
        defects.settleWaiting(now);
        return findings.late(now, late_max).flatMap((finding) => {
          const step = overdueStep(finding, now, rulesName);
          return step === undefined ? [] : [findings.append(finding, step, now)];
        });
      });
      this.#trouble = null;
      for (const finding of late) this.#tell(finding, now);
    } catch (error) {
      if (this.#trouble === null) {
        logger.error({ err: error }, "what is late in the ledger can't be written down; trying again");
      }
      this.#trouble = messageOf(error);
    }
  }

  #tell(finding: Finding, now: number): void {
    const what = overdueOf(finding, now) ?? "result";
    const { id, responsible, dueAt } = finding;
    this.#options.logger.warn({ finding: id, what, responsible, dueAt }, "a finding is overdue");
    for (const listener of this.#listeners) listener(finding, what);
  }

  /** Another grade brings its own due date, unless one is given. */
  #withDue(finding: Finding, wanted: Omit<Happening, "at">): Omit<Happening, "at"> {
    const site = this.#options.sites.find(({ id }) => id === finding.site);
    const { grade, dueAt } = wanted;
    if (grade === undefined || grade === finding.grade || dueAt !== undefined || site === undefined) return wanted;
    return { ...wanted, dueAt: after(finding.foundAt, this.#options.settings.due[grade], site) };
  }
}

function lacking(message: string): FindingAnswer {
  return { ok: false, reason: "lacking", message };
}
