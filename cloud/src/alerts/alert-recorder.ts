import type { Effect } from "@gengfu/shared/rules/effect";
import type { Site } from "@gengfu/shared/model/site";
import type { Text } from "@gengfu/shared/model/text";
import type { Channel, Message, Target } from "../notifiers/channel.ts";
import type { OutboxTable } from "../notifiers/outbox-table.ts";
import type { NotificationSettings } from "../notifiers/settings.ts";
import { happen, type Happening, type Outcome } from "./alert-machine.ts";
import type { AlertTable } from "./alert-table.ts";
import { describe, joined, siteTime, whereOf } from "./alert-text.ts";
import type { Alert } from "./alert.ts";

/** Who stands in the steps for what the rules did. */
export const rulesName = "gengfu";
const lateNote = "came to light in retrospect; nobody was told";
const confirmedNote = "still holds; people are told";

export interface AlertRecorderOptions {
  readonly alerts: AlertTable;
  readonly outbox: OutboxTable;
  readonly sites: readonly Site[];
  readonly channels: readonly Channel[];
  readonly settings: NotificationSettings;
}

/** Writes down what becomes of alerts, and what people are to be told of it; always inside the caller's transaction. */
export class AlertRecorder {
  readonly #options: AlertRecorderOptions;
  readonly #sites: ReadonlyMap<string, Site>;
  readonly #channels: ReadonlyMap<string, Channel>;

  constructor(options: AlertRecorderOptions) {
    this.#options = options;
    this.#sites = new Map(options.sites.map((site) => [site.id, site]));
    this.#channels = new Map(options.channels.map((channel) => [channel.name, channel]));
  }

  /** The effects of a step of the rules, in order. Gives back the alerts that people see changed. */
  record(effects: readonly Effect[], now: number): Alert[] {
    const changed = new Map<string, Alert>();
    for (const effect of effects) {
      const alert = this.#effect(effect, now);
      if (alert !== undefined) changed.set(alert.id, alert);
    }
    return [...changed.values()];
  }

  /** What happens to an alert that is there. */
  happen(alert: Alert, happening: Happening, now: number): Outcome {
    const outcome = happen(alert, happening);
    if (outcome.kind === "gone") this.#options.alerts.remove(alert.id);
    if (outcome.kind !== "changed") return outcome;
    this.#options.alerts.put(outcome.alert);
    for (const step of outcome.steps) this.#options.alerts.addStep(alert.id, step, now);
    return outcome;
  }

  #effect(effect: Effect, now: number): Alert | undefined {
    const { alerts, settings } = this.#options;
    const known = alerts.get(effect.alert);
    if (effect.kind === "pending") {
      const pending = known === undefined ? this.#alertOf(effect) : undefined;
      if (pending !== undefined) alerts.put(pending);
      return undefined;
    }
    if (effect.kind === "rise" || effect.kind === "confirm") return this.#grow(known, effect, now);
    const alert = known ?? (effect.kind === "raise" ? this.#alertOf(effect) : undefined);
    if (alert === undefined) return undefined;
    const isLate = effect.kind === "raise" && effect.retrospective === true;
    const happening = { event: effect.kind, at: effect.at, who: rulesName, note: isLate ? lateNote : null };
    const outcome = this.happen(isLate ? { ...alert, retrospective: true } : alert, happening, now);
    if (outcome.kind !== "changed") return undefined;
    // what came to light in retrospect stands in the list; nobody is paged for what is over
    if (outcome.alert.retrospective === true) return outcome.alert;
    if (effect.kind === "raise") this.#notify(outcome.alert, "firing", effect.at, now);
    else if (settings.on_clear) this.#notify(outcome.alert, "cleared", effect.at, now);
    return outcome.alert;
  }

  /** It lasts: it is graver than it was, or what came to light late turned out to hold still. People are told. */
  #grow(alert: Alert | undefined, effect: Effect, now: number): Alert | undefined {
    if (alert === undefined || (alert.state !== "firing" && alert.state !== "acknowledged")) return undefined;
    const { retrospective: _, ...rest } = alert;
    const severity = effect.severity ?? alert.severity;
    const grown: Alert = { ...rest, severity };
    const note = effect.kind === "rise" ? `${alert.severity} -> ${severity}` : confirmedNote;
    this.#options.alerts.put(grown);
    const step = { what: "raised", at: effect.at, who: rulesName, note, state: grown.state } as const;
    this.#options.alerts.addStep(alert.id, step, now);
    this.#notify(grown, "firing", effect.at, now);
    return grown;
  }

  /** The alert that an effect speaks of, as it is before it fires; undefined where its rule is gone. */
  #alertOf(effect: Effect): Alert | undefined {
    const site = this.#sites.get(effect.site);
    const rule = site?.rules.find(({ id }) => id === effect.rule);
    if (site === undefined || rule === undefined) return undefined;
    const messages = describe(site, rule, effect);
    return {
      id: effect.alert,
      rule: rule.id,
      severity: rule.severity,
      state: "pending",
      site: site.id,
      gateway: effect.gateway,
      device: effect.device,
      channel: effect.channel,
      kind: effect.measure,
      value: effect.value,
      onsetAt: effect.onset,
      raisedAt: effect.at,
      acknowledgedAt: null,
      acknowledgedBy: null,
      clearedAt: null,
      closedAt: null,
      closedBy: null,
      cause: null,
      name: rule.name,
      message: joined(messages),
      messages,
      advice: rule.advice ?? null,
    };
  }

  #notify(alert: Alert, about: Message["about"], at: number, now: number): void {
    const { outbox, settings } = this.#options;
    const site = this.#sites.get(alert.site);
    if (site === undefined) return;
    for (const name of settings.routes[alert.severity]) {
      const channel = this.#channels.get(name);
      if (channel === undefined) continue;
      for (const target of targetsOf(channel, site)) {
        const message = messageOf(alert, site, about, at, target);
        outbox.add(name, message, channel.render(message), channel.notifier !== null, now);
      }
    }
  }
}

function targetsOf(channel: Channel, site: Site): Target[] {
  if (channel.audience === "group") return [{ id: channel.name, phone: null }];
  return site.on_call.flatMap((id) => {
    const phone = site.people.find((person) => person.id === id)?.phone;
    return phone === undefined ? [] : [{ id, phone }];
  });
}

function messageOf(alert: Alert, site: Site, about: Message["about"], at: number, target: Target): Message {
  return {
    alert: alert.id,
    severity: alert.severity,
    about,
    site: site.name,
    name: alert.name,
    where: whereOf(site, { ...alert, measure: alert.kind }),
    text: about === "firing" ? alert.messages : cleared(alert.messages),
    advice: about === "firing" ? alert.advice : null,
    at,
    time: siteTime(site, at),
    target,
  };
}

function cleared(text: Text): Text {
  return { zh: `已恢复：${text.zh}`, en: `Cleared: ${text.en}` };
}
