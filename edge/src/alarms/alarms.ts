import { messageOf } from "@gengfu/shared/errors";
import { runConsumer } from "@gengfu/shared/log/consumer";
import type { Block, Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { Lane, Reading, StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { RuleBook } from "@gengfu/shared/rules/rule-book";
import type { RuleStates } from "@gengfu/shared/rules/states";
import { prune, step, type Input, type Step } from "@gengfu/shared/rules/step";
import type { Clock } from "@gengfu/shared/time/clock";
import type { GatewayAlert } from "@gengfu/shared/uplink-protocol";
import type { Texter } from "../modem/modem.ts";
import type { Outputs } from "../outputs/output.ts";
import type { Troubles } from "../troubles.ts";
import { AlarmBook } from "./alarm-book.ts";
import { AlarmOutputs } from "./alarm-outputs.ts";
import { AlarmStore, recordKeys, type PendingText, type Place } from "./alarm-store.ts";
import { AlarmTexts } from "./alarm-texts.ts";
import type { CloudView } from "./alarm.ts";
import type { AlarmsConfig } from "./schema.ts";
import { TextOutbox } from "./text-outbox.ts";
import { urgentSite } from "./urgent-site.ts";

/** Name of the alarms' cursor in the gateway's log. */
export const alarmsConsumer = "alarms";
const batch_readings = 2_000;
/** Where nothing is known of a log, its newest readings tell how things stand. */
const first_readings = 20_000;
const tick_ms = 1_000;
/** What rules remember of who was heard serves silence only, and would be written with each reading. */
const unkept = /^(device|heard|gateway|watch)(\/|$)/;

export interface AlarmsOptions {
  readonly config: AlarmsConfig;
  readonly site: Site;
  readonly gateway: string;
  readonly log: Log<Reading>;
  /** Puts a reading's time right as far as the gateway knows better now: as it is sent to the cloud. */
  readonly correct: (reading: Reading) => Reading;
  /** The gateway's time, by which its readings are stamped, epoch milliseconds; the machine's may be wrong. */
  readonly now: () => number;
  readonly outputs: Outputs;
  /** Null where the gateway has no modem. */
  readonly texter: Texter | null;
  readonly isConnected: () => boolean;
  /** The alarms' own file; its folder must exist. */
  readonly file: string;
  /** How long what changed no alarm may wait to be written. */
  readonly write_every_ms: number;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Watches over the site's urgent rules on the gateway itself, by the same engine as the cloud and with the same ids:
 * switches sirens at once, and texts people where the cloud does not say in time that it knows (I8). What can't be written
 * down is done all the same.
 */
export class Alarms {
  readonly #options: AlarmsOptions;
  readonly #ruleBook: RuleBook;
  readonly #book: AlarmBook;
  readonly #outputs: AlarmOutputs;
  readonly #texts: AlarmTexts;
  readonly #outbox: TextOutbox | null;
  readonly #log: RepeatLog;
  /** What is not written yet, by key. */
  readonly #changes = new Map<string, unknown>();
  #store: AlarmStore | null = null;
  #states: RuleStates | null = null;
  #places: ReadonlyMap<Lane, Place> = new Map();
  #written_ms = 0;
  #cloud: CloudView = { isConnected: false, since_ms: 0 };
  /** How the button stood; null before it was heard. */
  #button: number | null = null;
  #cancelTick: (() => void) | null = null;
  #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: AlarmsOptions) {
    const { site, gateway, outputs, texter, clock, logger } = options;
    this.#options = options;
    const urgent = urgentSite(site, gateway);
    this.#ruleBook = new RuleBook([urgent]);
    this.#log = new RepeatLog(logger, clock);
    const note = (key: string, body: unknown): void => void this.#changes.set(key, body);
    this.#book = new AlarmBook({ ...options, rules: urgent.rules, note });
    this.#outputs = new AlarmOutputs(outputs, this.#log);
    this.#texts = new AlarmTexts({ ...options, book: this.#book, note, log: this.#log });
    this.#outbox =
      texter === null
        ? null
        : new TextOutbox({
            texter,
            isWanted: (text) => this.#book.isWanted(text.alarms),
            done: (text) => this.#sent(text),
            clock,
            logger,
          });
  }

  start(): void {
    const { file, logger, clock, log } = this.#options;
    const now_ms = clock.monotonic();
    this.#store = new AlarmStore(file, logger);
    const { rules, places, alarms, texts, spent, isSilenceTold } = this.#store.load();
    this.#states = rules;
    this.#places = places;
    this.#written_ms = now_ms;
    this.#cloud = { isConnected: false, since_ms: now_ms };
    this.#book.restore(alarms);
    this.#texts.restore({ spent, isSilenceTold, lastId: texts.at(-1)?.id ?? 0 });
    this.#outbox?.add(texts);
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#apply(prune(this.#ruleBook, rules, this.#options.now()), null);
    const consuming = runConsumer<Reading>({
      log,
      consumer: alarmsConsumer,
      cursor: (lane) => this.#startOf(lane),
      batch: batch_readings,
      handle: (lane, blocks) => this.#handle(lane, blocks),
      clock,
      logger,
      signal,
    });
    this.#running = Promise.all([consuming, this.#outbox?.run(signal)]);
    this.#tick();
  }

  /** Resolves when nothing runs any more; the outputs are their owner's to make safe. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTick?.();
    this.#cancelTick = null;
    await this.#running;
    this.#write();
    this.#store?.close();
    this.#store = null;
    for (const subject of ["alarms", "alarms budget", "alarms texts"]) this.#options.troubles.set(subject, null);
  }

  /** What the cloud says of an alert of the site. */
  hear(alert: GatewayAlert): void {
    this.#book.hear(alert);
    this.#decide();
  }

  #startOf(lane: Lane): number {
    const { log } = this.#options;
    const known = this.#places.get(lane);
    return known?.epoch === log.epoch ? known.position : Math.max(0, log.last - first_readings);
  }

  #handle(lane: Lane, blocks: readonly Block<Reading>[]): void {
    const { log, gateway, correct } = this.#options;
    const now = this.#options.now();
    let position = 0;
    for (const { first, entries } of blocks) {
      position = first + entries.length - 1;
      for (const [index, entry] of entries.entries()) {
        const reading: StoredReading = { ...correct(entry), gateway, epoch: log.epoch, seq: first + index };
        this.#step([{ type: "reading", now, reading }], entry);
        if (this.#isPressed(reading)) this.#book.silenceAll();
      }
    }
    this.#changes.set(recordKeys.place(lane), { epoch: log.epoch, position } satisfies Place);
    this.#decide();
  }

  #step(inputs: readonly Input[], of: Reading | null): void {
    if (this.#states !== null) this.#apply(step(this.#ruleBook, this.#states, inputs), of);
  }

  #apply({ changes, effects }: Step, of: Reading | null): void {
    for (const [key, state] of changes) {
      if (!unkept.test(key)) this.#changes.set(recordKeys.rule(key), state);
    }
    this.#states?.apply(changes);
    for (const effect of effects) this.#book.take(effect, of);
  }

  /** Whether a reading is the button going down; how it stood before must be known. */
  #isPressed({ device, kind, channel, value }: Reading): boolean {
    const button = this.#options.config.silence_button;
    if (kind !== "contact" || device !== button?.device || channel !== (button.channel ?? null)) return false;
    const before = this.#button;
    this.#button = value;
    return before === 0 && value === 1;
  }

  #tick(): void {
    const { clock, gateway, log } = this.#options;
    const now = this.#options.now();
    const { events, samples } = log.backlog(alarmsConsumer);
    const report = { gateway, connected: true, heardAt: now, backlog: events + samples };
    this.#step(
      [
        { type: "gateway", now, ...report },
        { type: "tick", now },
      ],
      null,
    );
    this.#book.forget();
    this.#decide();
    const due = this.#states?.due;
    const wait_ms = due === undefined ? tick_ms : Math.min(tick_ms, Math.max(10, due - this.#options.now()));
    this.#cancelTick = clock.after(wait_ms, () => this.#tick());
  }

  /** Outputs and texts as things stand; then what has changed is written, at once where it is an alarm. */
  #decide(): void {
    const { clock, write_every_ms, isConnected } = this.#options;
    if (isConnected() !== this.#cloud.isConnected) {
      this.#cloud = { isConnected: isConnected(), since_ms: clock.monotonic() };
    }
    this.#outputs.want(this.#book.wantedOutputs());
    const texts = this.#texts.due(this.#cloud);
    const isUrgent = [...this.#changes.keys()].some((key) => !/^(rule|place)\//.test(key));
    if (isUrgent || clock.monotonic() - this.#written_ms >= write_every_ms) this.#write();
    this.#outbox?.add(texts);
  }

  #write(): void {
    const { clock, troubles } = this.#options;
    if (this.#store === null || this.#changes.size === 0) return;
    try {
      this.#store.write(this.#changes);
      this.#changes.clear();
      this.#written_ms = clock.monotonic();
      troubles.set("alarms", null);
    } catch (error) {
      const reason = messageOf(error);
      troubles.set("alarms", {
        zh: `无法写入报警状态:${reason}。请检查磁盘。`,
        en: `The state of the alarms can't be written: ${reason}. Check the disk.`,
      });
      this.#log.error("write", { reason }, "the state of the alarms can't be written; they go on all the same");
    }
  }

  /** A text has gone out, or was given up. */
  #sent({ id }: PendingText): void {
    const givenUp = this.#outbox?.givenUp ?? 0;
    this.#options.troubles.set(
      "alarms texts",
      givenUp === 0
        ? null
        : {
            zh: `有 ${givenUp} 条报警短信没有发出。请检查短信模块和值班人员的电话号码。`,
            en: `${givenUp} texts of alarms could not be sent. Check the modem and the phone numbers of those on call.`,
          },
    );
    this.#changes.set(recordKeys.text(id), null);
    this.#write();
  }
}
