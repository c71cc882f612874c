import type { Logger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import type { Rule } from "@gengfu/shared/model/rule";
import type { Site } from "@gengfu/shared/model/site";
import { alertId, type Effect } from "@gengfu/shared/rules/effect";
import type { Clock } from "@gengfu/shared/time/clock";
import type { GatewayAlert } from "@gengfu/shared/uplink-protocol";
import { recordKeys } from "./alarm-store.ts";
import { alarmSeries, textDue_ms, type Alarm, type AlarmTimes, type CloudView } from "./alarm.ts";
import type { AlarmsConfig } from "./schema.ts";

export interface AlarmBookOptions {
  readonly config: AlarmsConfig;
  readonly site: Pick<Site, "id">;
  /** Puts a reading's time right as far as the gateway knows better now. */
  readonly correct: (reading: Reading) => Reading;
  /** The rules that the gateway watches. */
  readonly rules: readonly Rule[];
  /** Takes what is to be written, by key. */
  readonly note: (key: string, body: Alarm | null) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is over stays for so long, so that a contact that flaps is recognised. */
const keep_ms = 3_600_000;
const alarms_max = 1_000;

/** The gateway's urgent alerts, what the cloud said of them, and what they ask for. */
export class AlarmBook {
  readonly #options: AlarmBookOptions;
  readonly #alarms = new Map<string, Alarm>();
  readonly #times = new Map<string, AlarmTimes>();
  /** What the cloud said last of alerts, also of those that are not known here yet. */
  readonly #heard = new Map<string, GatewayAlert["state"]>();
  /** Readings of an unsure time by which alerts that are not raised yet are named. */
  readonly #origins = new Map<string, Reading>();
  readonly #outputsOf: ReadonlyMap<string, readonly string[]>;

  constructor(options: AlarmBookOptions) {
    const { config, rules } = options;
    this.#options = options;
    this.#outputsOf = new Map(
      rules.map(({ id, when }) => {
        const own = config.rules.find(({ rule }) => rule === id)?.outputs;
        return [id, own ?? (when.type === "contact" ? config.outputs : [])];
      }),
    );
  }

  /** What an earlier process left. */
  restore(alarms: readonly Alarm[]): void {
    const now_ms = this.#options.clock.monotonic();
    for (const alarm of alarms) {
      this.#alarms.set(alarm.id, alarm);
      this.#times.set(alarm.id, {
        since_ms: now_ms,
        textedAt_ms: alarm.texts > 0 ? now_ms : null,
        clearedAt_ms: alarm.isCleared ? now_ms : null,
      });
    }
  }

  /** What the rules found; `of` is the reading that they looked at. */
  take(effect: Effect, of: Reading | null): void {
    const { clock } = this.#options;
    if (of?.sinceBoot !== undefined && (effect.kind === "pending" || effect.kind === "raise")) {
      bounded(this.#origins, effect.alert, of);
    }
    const known = this.#alarms.get(effect.alert);
    switch (effect.kind) {
      case "raise":
        if (known === undefined) this.#raise(effect);
        return;
      case "confirm":
        if (known !== undefined) this.#put({ ...known, isQuiet: false }, "an urgent alert that came late still fires");
        return;
      case "clear":
        if (known === undefined || known.isCleared) return;
        this.#time(known.id, { clearedAt_ms: clock.monotonic() });
        this.#put({ ...known, isCleared: true }, "an urgent alert cleared");
        return;
      default:
    }
  }

  /** What the cloud says of an alert. */
  hear(alert: GatewayAlert): void {
    bounded(this.#heard, alert.id, alert.state);
    const alarm = this.#alarms.get(alert.id) ?? this.#renamed(alert.id);
    if (alarm !== undefined) this.#learn(alarm, alert.state);
  }

  /** Someone on site has taken notice of all that fires. */
  silenceAll(): void {
    for (const alarm of this.#alarms.values()) {
      if (!alarm.isSilenced && !alarm.isCleared) {
        this.#put({ ...alarm, isSilenced: true }, "an urgent alert was silenced on site");
      }
    }
  }

  /** Outputs that are to be on. */
  wantedOutputs(): Set<string> {
    const sounding = [...this.#alarms.values()].filter(
      ({ isCleared, isSilenced, isQuiet }) => !isCleared && !isSilenced && !isQuiet,
    );
    return new Set(sounding.flatMap(({ rule }) => this.#outputsOf.get(rule) ?? []));
  }

  /** The alarms that people are to be texted of now, oldest first; a series that flaps no more often than one that stays. */
  textable(cloud: CloudView): Alarm[] {
    const { clock, config } = this.#options;
    const now_ms = clock.monotonic();
    const texted = new Map<string, number>();
    for (const alarm of this.#alarms.values()) {
      const at_ms = this.#times.get(alarm.id)?.textedAt_ms ?? -Infinity;
      texted.set(alarmSeries(alarm), Math.max(at_ms, texted.get(alarmSeries(alarm)) ?? -Infinity));
    }
    return [...this.#alarms.values()].filter((alarm) => {
      const times = this.#times.get(alarm.id);
      const due_ms = times === undefined ? null : textDue_ms(alarm, times, cloud, config);
      if (due_ms === null) return false;
      return now_ms >= Math.max(due_ms, (texted.get(alarmSeries(alarm)) ?? -Infinity) + config.repeat_every);
    });
  }

  /** People are being texted of these. */
  texted(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) {
      this.#time(alarm.id, { textedAt_ms: this.#options.clock.monotonic() });
      this.#put(
        { ...alarm, texts: alarm.texts + 1 },
        "people are texted of an urgent alert that the cloud does not know",
      );
    }
  }

  /** Whether people need still be texted of one of these; of none means of the cloud. */
  isWanted(ids: readonly string[]): boolean {
    if (ids.length === 0) return true;
    return ids.some((id) => {
      const alarm = this.#alarms.get(id);
      return alarm !== undefined && !alarm.isTold && !alarm.isSilenced;
    });
  }

  /** Lets go of what has been over for long, and of the oldest beyond the bound. */
  forget(): void {
    const now_ms = this.#options.clock.monotonic();
    let excess = this.#alarms.size - alarms_max;
    for (const { id, isCleared, rule } of this.#alarms.values()) {
      const isOver = isCleared && now_ms - (this.#times.get(id)?.clearedAt_ms ?? now_ms) >= keep_ms;
      if (!isOver && excess <= 0) continue;
      excess -= 1;
      if (!isOver) this.#options.logger.error({ alert: id, rule }, "too many urgent alerts; the oldest is forgotten");
      this.#alarms.delete(id);
      this.#times.delete(id);
      this.#options.note(recordKeys.alarm(id), null);
    }
  }

  #raise(effect: Effect): void {
    const { alert: id, rule, device, measure, channel, at, value } = effect;
    this.#times.set(id, { since_ms: this.#options.clock.monotonic(), textedAt_ms: null, clearedAt_ms: null });
    const alarm: Alarm = {
      id,
      rule,
      device,
      measure,
      channel,
      at,
      value,
      isQuiet: effect.retrospective === true,
      origin: this.#origins.get(id) ?? null,
      isCleared: false,
      isSilenced: false,
      isTold: false,
      texts: 0,
    };
    this.#put(alarm, "an urgent alert fires");
    const heard = this.#heard.get(id);
    if (heard !== undefined) this.#learn(alarm, heard);
  }

  /** Where the gateway did not know the time, the cloud names the alert by the one that was sent to it. */
  #renamed(id: string): Alarm | undefined {
    const { site, correct } = this.#options;
    return [...this.#alarms.values()].find(
      ({ origin, ...alarm }) =>
        origin !== null && !alarm.isTold && alertId({ ...alarm, site: site.id }, correct(origin).at) === id,
    );
  }

  #learn(alarm: Alarm, state: GatewayAlert["state"]): void {
    const isSilenced = alarm.isSilenced || state === "acknowledged" || state === "closed";
    if (alarm.isTold && alarm.isSilenced === isSilenced) return;
    this.#put({ ...alarm, isTold: true, isSilenced }, "the cloud knows of an urgent alert");
  }

  #time(id: string, change: Partial<AlarmTimes>): void {
    const times = this.#times.get(id);
    if (times !== undefined) this.#times.set(id, { ...times, ...change });
  }

  #put(alarm: Alarm, what: string): void {
    const { note, logger } = this.#options;
    this.#alarms.set(alarm.id, alarm);
    note(recordKeys.alarm(alarm.id), alarm);
    logger.info({ alert: alarm.id, rule: alarm.rule, device: alarm.device }, what);
  }
}

/** Sets a key as the newest; the oldest goes at the bound. */
function bounded<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > alarms_max && oldest !== undefined) map.delete(oldest);
}
