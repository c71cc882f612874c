import type { Site } from "@gengfu/shared/model/site";
import type { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Texter } from "../modem/modem.ts";
import type { Troubles } from "../troubles.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { recordKeys, type PendingText } from "./alarm-store.ts";
import { alarmText, backText, silentText } from "./alarm-text.ts";
import type { CloudView } from "./alarm.ts";
import type { AlarmsConfig } from "./schema.ts";

export interface AlarmTextsOptions {
  readonly config: AlarmsConfig;
  readonly site: Site;
  readonly gateway: string;
  readonly texter: Texter | null;
  readonly book: Pick<AlarmBook, "textable" | "texted">;
  /** Takes what is to be written, by key. */
  readonly note: (key: string, body: unknown) => void;
  readonly log: RepeatLog;
  readonly troubles: Troubles;
  readonly clock: Clock;
}

const day_ms = 86_400_000;
/** What comes so soon after a text goes together in the next. */
const gather_ms = 30_000;

/** Decides what is texted to those on call, within the budget. */
export class AlarmTexts {
  readonly #options: AlarmTextsOptions;
  readonly #people: readonly { readonly id: string; readonly phone: string }[];
  #spent: number[] = [];
  #isSilenceTold = false;
  #id = 0;
  #gathersUntil_ms = -Infinity;

  constructor(options: AlarmTextsOptions) {
    this.#options = options;
    const { site, texter } = options;
    this.#people = (texter === null ? [] : site.on_call).flatMap((id) => {
      const phone = site.people.find((person) => person.id === id)?.phone;
      return phone === undefined ? [] : [{ id, phone }];
    });
  }

  /** What an earlier process left. */
  restore(records: {
    readonly spent: readonly number[];
    readonly isSilenceTold: boolean;
    readonly lastId: number;
  }): void {
    this.#spent = [...records.spent];
    this.#isSilenceTold = records.isSilenceTold;
    this.#id = records.lastId;
  }

  /** Texts that are to go out now; they are noted to be written. */
  due(cloud: CloudView): PendingText[] {
    return this.#people.length === 0 ? [] : [...this.#ofAlarms(cloud), ...this.#ofCloud(cloud)];
  }

  #ofAlarms(cloud: CloudView): PendingText[] {
    const { book, clock, config, site } = this.#options;
    const now_ms = clock.monotonic();
    if (now_ms < this.#gathersUntil_ms) return [];
    const alarms = book.textable(cloud);
    if (alarms.length === 0) return [];
    const isRepeat = alarms.every(({ texts }) => texts > 0);
    if (!this.#maySpend(isRepeat ? config.texts_per_day / 2 : config.texts_per_day)) return [];
    this.#gathersUntil_ms = now_ms + gather_ms;
    book.texted(alarms);
    return this.#texts(
      alarmText(site, alarms),
      alarms.map(({ id }) => id),
    );
  }

  /** The dead man's switch: once when the cloud has been gone for long, once when it is back to stay. */
  #ofCloud({ isConnected, since_ms }: CloudView): PendingText[] {
    const { clock, config, note, site, gateway } = this.#options;
    const lasted_ms = clock.monotonic() - since_ms;
    const isDue = isConnected
      ? this.#isSilenceTold && lasted_ms >= config.cloud_patience
      : !this.#isSilenceTold && lasted_ms >= config.cloud_silent_after;
    if (!isDue || !this.#maySpend(config.texts_per_day)) return [];
    this.#isSilenceTold = !isConnected;
    note(recordKeys.silence, isConnected ? null : true);
    return this.#texts(isConnected ? backText(site, gateway) : silentText(site, gateway, lasted_ms), []);
  }

  #maySpend(limit: number): boolean {
    const { clock, troubles, log, config } = this.#options;
    const now = clock.now();
    this.#spent = this.#spent.filter((at) => at > now - day_ms && at <= now);
    const may = this.#spent.length + this.#people.length <= limit;
    const isOut = this.#spent.length + this.#people.length > config.texts_per_day;
    troubles.set(
      "alarms budget",
      isOut
        ? {
            zh: `24 小时内短信已达上限 ${config.texts_per_day} 条(alarms.texts_per_day),暂不再发送。`,
            en: `The ${config.texts_per_day} texts of 24 hours (alarms.texts_per_day) are spent; no more are sent for now.`,
          }
        : null,
    );
    if (!may) log.warn("budget", { spent: this.#spent.length }, "texts wait for the budget");
    return may;
  }

  #texts(text: string, alarms: readonly string[]): PendingText[] {
    const { clock, note } = this.#options;
    const texts = this.#people.map(({ id: person, phone }): PendingText => {
      this.#id += 1;
      return { id: this.#id, person, number: phone, text, alarms };
    });
    for (const pending of texts) {
      this.#spent.push(clock.now());
      note(recordKeys.text(pending.id), pending);
    }
    note(recordKeys.spent, this.#spent);
    return texts;
  }
}
