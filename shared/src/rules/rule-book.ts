import type { Kind } from "../model/reading.ts";
import type { Rule } from "../model/rule.ts";
import { gatewayOf, type Site } from "../model/site.ts";
import { isValueCondition } from "./condition.ts";
import type { ValueRule } from "./series.ts";
import type { SilenceWatch } from "./silence.ts";

/** Channels of one kind that a device may bring up, which it names itself. */
export const channels_max = 64;

/** One rule and one series that it looks at. */
export interface Slot {
  readonly key: string;
  readonly rule: ValueRule;
}

type Slots = Map<string | null, readonly Slot[]>;

/** What the rules need to know of a device when a reading comes. */
export interface DeviceEntry {
  readonly key: string;
  readonly id: string;
  readonly site: SiteEntry;
  readonly slots: Map<Kind, Slots>;
}

interface SiteEntry {
  readonly id: string;
  readonly rules: ReadonlyMap<Kind, readonly ValueRule[]>;
  readonly devices: ReadonlyMap<string, DeviceEntry>;
}

/** The rules of all sites, laid out so that a reading finds those that look at it by a few look-ups. */
export class RuleBook {
  readonly silences: readonly SilenceWatch[];
  readonly #sites: ReadonlyMap<string, SiteEntry>;
  readonly #byGateway: ReadonlyMap<string, SiteEntry>;
  readonly #rules: ReadonlyMap<string, Rule>;

  constructor(sites: readonly Site[]) {
    this.#sites = new Map(sites.map((site) => [site.id, entryOf(site)]));
    this.#byGateway = new Map(
      sites.flatMap((site) => site.gateways.map(({ id }) => [id, this.#sites.get(site.id) as SiteEntry])),
    );
    this.#rules = new Map(sites.flatMap(({ id, rules }) => rules.map((rule) => [`${id}/${rule.id}`, rule])));
    this.silences = sites.flatMap((site) => site.rules.flatMap((rule) => watchesOf(site, rule)));
  }

  rule(site: string, id: string): Rule | undefined {
    return this.#rules.get(`${site}/${id}`);
  }

  /** Undefined for a device that no site has. */
  device(gateway: string, id: string): DeviceEntry | undefined {
    return this.#byGateway.get(gateway)?.devices.get(id);
  }

  /** Whether what a state's key speaks of is still there. */
  covers(key: string): boolean {
    const [type, first = "", second = "", id = "", kind, channel] = key.split("/");
    switch (type) {
      case "series": {
        const device = this.#sites.get(first)?.devices.get(id);
        const slots = device && this.slots(device, kind as Kind, channel === "-" ? null : (channel ?? null));
        return slots?.some((slot) => slot.key === key) ?? false;
      }
      case "silence":
        return this.silences.some((watch) => watch.key === key);
      case "device":
        return this.#sites.get(first)?.devices.has(second) ?? false;
      case "gateway":
        return this.#byGateway.has(first);
      default:
        return true;
    }
  }

  /** The rules that look at a series; none for a channel beyond `channels_max`. */
  slots(device: DeviceEntry, kind: Kind, channel: string | null): readonly Slot[] {
    const rules = device.site.rules.get(kind);
    if (rules === undefined) return [];
    let ofKind = device.slots.get(kind);
    if (ofKind === undefined) device.slots.set(kind, (ofKind = new Map()));
    const known = ofKind.get(channel);
    if (known !== undefined) return known;
    if (ofKind.size >= channels_max) return [];
    const slots = rules
      .filter(({ when }) => (when.device ?? device.id) === device.id && (when.channel ?? channel) === channel)
      .map((rule) => ({ rule, key: `series/${device.site.id}/${rule.id}/${device.id}/${kind}/${channel ?? "-"}` }));
    ofKind.set(channel, slots);
    return slots;
  }
}

function entryOf(site: Site): SiteEntry {
  const rules = new Map<Kind, ValueRule[]>();
  for (const rule of site.rules) {
    if (!isValueRule(rule)) continue;
    const kind = rule.when.type === "contact" ? "contact" : rule.when.kind;
    rules.set(kind, [...(rules.get(kind) ?? []), rule]);
  }
  const devices = new Map<string, DeviceEntry>();
  const entry: SiteEntry = { id: site.id, rules, devices };
  for (const { id } of site.devices) {
    devices.set(id, { key: `device/${site.id}/${id}`, id, site: entry, slots: new Map() });
  }
  return entry;
}

function isValueRule(rule: Rule): rule is ValueRule {
  return isValueCondition(rule.when);
}

function watchesOf(site: Site, rule: Rule): SilenceWatch[] {
  const { when } = rule;
  if (when.type === "gateway_silent") {
    return site.gateways.map(({ id }) => ({
      key: `silence/${site.id}/${rule.id}/@${id}`,
      site: site.id,
      rule,
      gateway: id,
      device: null,
      after_ms: when.after + rule.for,
    }));
  }
  if (when.type !== "device_silent") return [];
  return site.devices
    .filter(({ id }) => (when.device ?? id) === id)
    .map((device) => ({
      key: `silence/${site.id}/${rule.id}/${device.id}`,
      site: site.id,
      rule,
      gateway: gatewayOf(site, device),
      device: device.id,
      after_ms: (device.silent_after ?? when.after) + rule.for,
    }));
}
