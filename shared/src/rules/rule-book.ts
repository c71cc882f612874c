import type { Kind } from "../model/reading.ts";
import { isPlain } from "../model/rule-series.ts";
import type { Rule } from "../model/rule.ts";
import type { Site } from "../model/site.ts";
import { compoundsOf, type CompoundWatch, type Leg } from "./compound/watch.ts";
import { isValueCondition } from "./condition.ts";
import type { ValueRule } from "./series.ts";
import type { SilenceWatch } from "./silence.ts";
import { silencesOf } from "./silence-watches.ts";

/** Channels of one kind that a device may bring up, which it names itself. */
export const channels_max = 64;

/** What looks at a series: a rule on its value, a watch of which it is a leg, or a silence that it ends. */
export type Slot =
  | { readonly type: "series"; readonly key: string; readonly rule: ValueRule }
  | { readonly type: "compound"; readonly key: string; readonly watch: CompoundWatch; readonly leg: Leg }
  | { readonly type: "heard"; readonly key: string };

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
  /** Rules on values, by the series' kind: those of one device by that, the others under null. */
  readonly rules: ReadonlyMap<Kind, ReadonlyMap<string | null, readonly ValueRule[]>>;
  /** Slots of series that the site file lists, by series. */
  readonly listed: ReadonlyMap<string, readonly Slot[]>;
  readonly devices: ReadonlyMap<string, DeviceEntry>;
}

/** The rules of all sites, laid out so that a reading finds those that look at it by a few look-ups. */
export class RuleBook {
  readonly silences: readonly SilenceWatch[];
  readonly #sites: ReadonlyMap<string, SiteEntry>;
  readonly #byGateway: ReadonlyMap<string, SiteEntry>;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #compounds: ReadonlyMap<string, CompoundWatch>;
  /** Keys of silences and of what they hear. */
  readonly #silent: ReadonlySet<string>;

  constructor(sites: readonly Site[]) {
    this.silences = sites.flatMap((site) => site.rules.flatMap((rule) => silencesOf(site, rule)));
    this.#silent = new Set(this.silences.flatMap(({ key, heard }) => (heard === null ? [key] : [key, heard])));
    const compounds = sites.flatMap((site) => site.rules.flatMap((rule) => compoundsOf(site, rule)));
    this.#compounds = new Map(compounds.map((watch) => [watch.key, watch]));
    this.#sites = new Map(sites.map((site) => [site.id, entryOf(site, compounds, this.silences)]));
    this.#byGateway = new Map(
      sites.flatMap((site) => site.gateways.map(({ id }) => [id, this.#sites.get(site.id) as SiteEntry])),
    );
    this.#rules = new Map(sites.flatMap(({ id, rules }) => rules.map((rule) => [`${id}/${rule.id}`, rule])));
  }

  rule(site: string, id: string): Rule | undefined {
    return this.#rules.get(`${site}/${id}`);
  }

  compound(key: string): CompoundWatch | undefined {
    return this.#compounds.get(key);
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
      case "compound":
        return this.#compounds.has(key);
      case "silence":
      case "heard":
        return this.#silent.has(key);
      case "device":
        return this.#sites.get(first)?.devices.has(second) ?? false;
      case "gateway":
        return this.#byGateway.has(first);
      default:
        return true;
    }
  }

  /** What looks at a series; nothing for a channel beyond `channels_max`. */
  slots(device: DeviceEntry, kind: Kind, channel: string | null): readonly Slot[] {
    let ofKind = device.slots.get(kind);
    if (ofKind === undefined) device.slots.set(kind, (ofKind = new Map()));
    const known = ofKind.get(channel);
    if (known !== undefined) return known;
    const { id, rules, listed } = device.site;
    const series = `${device.id}/${kind}/${channel ?? "-"}`;
    if (ofKind.size >= channels_max && !listed.has(series)) return [];
    const byDevice = rules.get(kind);
    const looking = [...(byDevice?.get(device.id) ?? []), ...(byDevice?.get(null) ?? [])];
    const slots: Slot[] = looking
      .filter(({ when }) => (when.channel ?? channel) === channel)
      .map((rule) => ({ type: "series", rule, key: `series/${id}/${rule.id}/${series}` }));
    slots.push(...(listed.get(series) ?? []));
    ofKind.set(channel, slots);
    return slots;
  }
}

function entryOf(site: Site, compounds: readonly CompoundWatch[], silences: readonly SilenceWatch[]): SiteEntry {
  const rules = new Map<Kind, Map<string | null, ValueRule[]>>();
  for (const rule of site.rules) {
    if (!isValueRule(rule)) continue;
    const kind = rule.when.type === "contact" ? "contact" : rule.when.kind;
    const device = rule.when.device ?? null;
    const ofKind = rules.get(kind) ?? new Map<string | null, ValueRule[]>();
    rules.set(kind, ofKind.set(device, [...(ofKind.get(device) ?? []), rule]));
  }
  const listed = new Map<string, Slot[]>();
  const list = (series: string, slot: Slot): unknown => listed.set(series, [...(listed.get(series) ?? []), slot]);
  for (const watch of compounds) {
    if (watch.subject.site !== site.id) continue;
    for (const leg of watch.legs)
      list(`${leg.device}/${leg.kind}/${leg.channel ?? "-"}`, { type: "compound", key: watch.key, watch, leg });
  }
  const heard = new Set<string>();
  for (const { site: of, device, measure, channel, heard: key } of silences) {
    if (of !== site.id || measure === null || key === null || heard.has(key)) continue;
    heard.add(key);
    list(`${device ?? ""}/${measure}/${channel ?? "-"}`, { type: "heard", key });
  }
  const devices = new Map<string, DeviceEntry>();
  const entry: SiteEntry = { id: site.id, rules, listed, devices };
  for (const { id } of site.devices) {
    devices.set(id, { key: `device/${site.id}/${id}`, id, site: entry, slots: new Map() });
  }
  return entry;
}

function isValueRule(rule: Rule): rule is ValueRule {
  return isValueCondition(rule.when) && isPlain(rule);
}
