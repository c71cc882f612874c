import { GengfuError, messageOf } from "@gengfu/shared/errors";
import { runConsumer } from "@gengfu/shared/log/consumer";
import type { Block } from "@gengfu/shared/log/log";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import { RuleBook } from "@gengfu/shared/rules/rule-book";
import type { RuleStates } from "@gengfu/shared/rules/states";
import { prune, step, type Input, type Step } from "@gengfu/shared/rules/step";
import type { ChannelWorker } from "../notifiers/channel-worker.ts";
import { createChannelWorkers, type ChannelLoop } from "../notifiers/channel-workers.ts";
import { outbox_max, OutboxTable } from "../notifiers/outbox-table.ts";
import { AlertDatabase } from "./alert-database.ts";
import type { Happening } from "./alert-machine.ts";
import { AlertRecorder } from "./alert-recorder.ts";
import type { AlertAnswer, AlertService, AlertServiceOptions, GatewayHealth } from "./alert-service.ts";
import { AlertTable } from "./alert-table.ts";
import type { Alert, AlertWithSteps } from "./alert.ts";
import { RuleStateTable } from "./rule-state-table.ts";

/** Name of the cursor in the log. */
export const consumerName = "alerts";
/** Readings handled in one transaction, at most (a single block may be larger). */
const batch_readings = 5_000;
/** How often silence is judged. What is pending has its own, exact time. */
const tick_ms = 1_000;
/** While more readings than this wait in our own log, no device is judged silent: its readings may be among them. */
const behind_readings = 5_000;
const alerts_max_default = 100_000;

/** Runs the rules over the log, keeps the alerts, and tells people. One for each cloud; it owns its file. */
export function createAlertService(options: AlertServiceOptions): AlertService {
  return new Service(options);
}

/** What is there while the service runs. */
interface Open {
  readonly database: AlertDatabase;
  readonly ruleStates: RuleStateTable;
  readonly alerts: AlertTable;
  readonly outbox: OutboxTable;
  readonly recorder: AlertRecorder;
  readonly workers: readonly ChannelWorker[];
  readonly loops: readonly ChannelLoop[];
  readonly states: RuleStates;
  readonly stopping: AbortController;
}

class Service implements AlertService {
  readonly #options: AlertServiceOptions;
  readonly #book: RuleBook;
  readonly #listeners = new Set<(alert: Alert) => void>();
  #open: Open | undefined;
  #consuming: Promise<void> = Promise.resolve();
  #cancelTick: (() => void) | undefined;
  #tickDue = 0;
  #trouble: string | null = null;
  #hasBegun = false;

  constructor(options: AlertServiceOptions) {
    this.#options = options;
    this.#book = new RuleBook(options.sites);
  }

  start(): void {
    const { file, logger, channels, settings, clock, random, log } = this.#options;
    const database = new AlertDatabase(file, logger);
    const alerts = new AlertTable(database.connection, this.#options.alerts_max ?? alerts_max_default);
    const outbox = new OutboxTable(database.connection, outbox_max, settings);
    const ruleStates = new RuleStateTable(database.connection);
    const { workers, loops } = createChannelWorkers({
      channels,
      database: database.connection,
      outbox,
      settings,
      clock,
      random,
      logger,
    });
    const stopping = new AbortController();
    const recorder = new AlertRecorder({ ...this.#options, alerts, outbox });
    const states = ruleStates.load();
    this.#open = { database, alerts, outbox, ruleStates, workers, loops, stopping, recorder, states };
    this.#hasBegun = false;
    this.#unlessItFails(() => this.#begin());
    this.#consuming = runConsumer<StoredReading>({
      log,
      consumer: consumerName,
      cursor: (lane) => ruleStates.cursor(lane, log.epoch),
      batch: batch_readings,
      handle: (lane, blocks) => this.#handle(lane, blocks),
      clock,
      logger,
      signal: stopping.signal,
    });
    for (const loop of loops) loop.start();
    this.#schedule();
  }

  async stop(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    open.stopping.abort();
    await this.#consuming;
    await Promise.all(open.loops.map((loop) => loop.stop()));
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    this.#open = undefined;
    open.database.close();
  }

  list(query: Parameters<AlertService["list"]>[0] = {}): Alert[] {
    return this.#running().alerts.list(query);
  }

  get(id: string): AlertWithSteps | undefined {
    const { alerts } = this.#running();
    const alert = alerts.get(id);
    return alert === undefined ? undefined : { ...alert, steps: alerts.steps(id) };
  }

  acknowledge(id: string, { by, note }: { readonly by: string; readonly note?: string | null }): AlertAnswer {
    return this.#person(id, { event: "acknowledge", who: by, note: note ?? null });
  }

  close(id: string, { by, cause }: { readonly by: string; readonly cause: string }): AlertAnswer {
    return this.#person(id, { event: "close", who: by, note: cause });
  }

  steps(after: number, limit: number): ReturnType<AlertService["steps"]> {
    return this.#running().alerts.stepsAfter(after, limit);
  }

  notifications(query: Parameters<AlertService["notifications"]>[0] = {}): ReturnType<AlertService["notifications"]> {
    return this.#running().outbox.list(query);
  }

  onChange(listener: (alert: Alert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(): ReturnType<AlertService["stats"]> {
    const { states, alerts, outbox, workers } = this.#running();
    return {
      states: states.size,
      forgotten: alerts.forgotten,
      notifications: outbox.counts(),
      channels: workers.map((worker) => worker.stats()),
      trouble: this.#trouble,
    };
  }

  /** What the configuration changed, and that listening begins anew: written down before anything else happens. */
  #begin(): void {
    if (this.#hasBegun) return;
    const { outbox, states } = this.#running();
    const { channels, clock } = this.#options;
    const now = clock.now();
    outbox.strand(channels.flatMap(({ name, notifier }) => (notifier === null ? [] : [name])));
    this.#commit(prune(this.#book, states, now));
    this.#commit(step(this.#book, states, [{ type: "resume", now }]));
    this.#hasBegun = true;
  }

  #running(): Open {
    if (this.#open === undefined) throw new GengfuError("store_unavailable", "the alert service is not running");
    return this.#open;
  }

  /** Readings of the log: their effects, the rules' state and the cursor in one transaction (I3). */
  #handle(lane: Lane, blocks: readonly Block<StoredReading>[]): void {
    const { states, ruleStates } = this.#running();
    const { log, clock } = this.#options;
    const newest = blocks.at(-1);
    if (newest === undefined) return;
    this.#begin();
    const position = newest.first + newest.entries.length - 1;
    this.#commit(step(this.#book, states, inputs(blocks, clock.now())), () =>
      ruleStates.moveCursor(lane, log.epoch, position),
    );
  }

  #tick(): void {
    const { log, clock, gateways } = this.#options;
    this.#unlessItFails(() => {
      this.#begin();
      const now = clock.now();
      const { events, samples } = log.backlog(consumerName);
      const behind = events + samples > behind_readings;
      const reports = gateways.list().map((gateway) => reportOf(gateway, behind, now));
      this.#commit(step(this.#book, this.#running().states, [...reports, { type: "tick", now }]));
    });
    this.#schedule();
  }

  /** Does what the next tick does again if it fails, as on a full disk: nothing of it was applied then. */
  #unlessItFails(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#trouble === null)
        this.#options.logger.error({ err: error }, "the alerts can't be written; trying again");
      this.#trouble = messageOf(error);
    }
  }

  /** Ticks each second, and at the moment at which something pending becomes due. */
  #schedule(): void {
    const { clock } = this.#options;
    const open = this.#open;
    if (open === undefined || open.stopping.signal.aborted) return;
    const now = clock.monotonic();
    const due = open.states.due;
    const exact = due !== undefined && this.#trouble === null;
    const wait_ms = exact ? Math.min(tick_ms, Math.max(1, due - clock.now())) : tick_ms;
    if (this.#cancelTick !== undefined && this.#tickDue <= now + wait_ms) return;
    this.#cancelTick?.();
    this.#tickDue = now + wait_ms;
    this.#cancelTick = clock.after(wait_ms, () => {
      this.#cancelTick = undefined;
      this.#tick();
    });
  }

  /** Persists what a step did, then lets it be seen. */
  #commit({ changes, effects }: Step, andMore: () => void = () => undefined): void {
    const { database, ruleStates, recorder, states } = this.#running();
    const now = this.#options.clock.now();
    // what was raised or cleared must stand before the log may forget the readings that tell of it
    const changed = database.transaction(effects.length > 0 ? "synced" : "soon", () => {
      ruleStates.write(changes);
      andMore();
      return recorder.record(effects, now);
    });
    this.#trouble = null;
    states.apply(changes);
    this.#tell(changed);
    this.#schedule();
  }

  #person(id: string, happening: Omit<Happening, "at">): AlertAnswer {
    const { database, alerts, recorder } = this.#running();
    const now = this.#options.clock.now();
    const outcome = database.transaction("synced", () => {
      const alert = alerts.get(id);
      return alert === undefined ? undefined : recorder.happen(alert, { ...happening, at: now }, now);
    });
    const alert = this.get(id);
    if (outcome === undefined || alert === undefined) return { ok: false, reason: "unknown" };
    if (outcome.kind === "refused") return { ok: false, reason: "conflict", message: outcome.because };
    if (outcome.kind === "changed") this.#tell([outcome.alert]);
    return { ok: true, alert, changed: outcome.kind === "changed" };
  }

  #tell(changed: readonly Alert[]): void {
    if (changed.length === 0) return;
    // people first: the listeners only draw
    for (const worker of this.#running().workers) worker.wake();
    for (const alert of changed) {
      const { id, rule, state, severity } = alert;
      this.#options.logger.info({ alert: id, rule, severity, state }, "alert changed");
      for (const listener of this.#listeners) this.#callBack(listener, alert);
    }
  }

  #callBack(listener: (alert: Alert) => void, alert: Alert): void {
    try {
      listener(alert);
    } catch (error) {
      // the alert is committed: whoever listens can't undo it
      this.#options.logger.error({ err: error, alert: alert.id }, "a listener to alerts failed");
    }
  }
}

function* inputs(blocks: readonly Block<StoredReading>[], now: number): Generator<Input> {
  for (const { entries } of blocks) for (const reading of entries) yield { type: "reading", reading, now };
}

function reportOf(gateway: GatewayHealth, behind: boolean, now: number): Input {
  const { id, connected, lastSeenAt, backlog } = gateway;
  return { type: "gateway", gateway: id, connected, heardAt: lastSeenAt, backlog: behind ? null : backlog, now };
}
