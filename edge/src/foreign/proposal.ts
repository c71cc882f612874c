import type { Kind } from "@gengfu/shared/model/reading";
import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import type { SiteDevice } from "@gengfu/shared/model/site";
import { asIdentifier } from "./as-identifier.ts";
import { ForeignMapper, type SeenValue } from "./foreign-mapper.ts";
import type { MappedKind } from "./mapping-schema.ts";
import { presetNames, type PresetName } from "./presets/presets.ts";
import { foreignSchema, type BridgeConfig } from "./schema.ts";
import type { Unknown } from "./unclaimed.ts";

type Series = { readonly kind: DeviceKind; readonly channel: string | undefined; readonly isSure: boolean };
type Proposal = { readonly site: string | null; readonly edge: string | null };

const bridge_chars_max = 300;
const values_max = 12;

/** What names of values mostly mean. */
const hints: readonly [RegExp, DeviceKind][] = [
  [/temp|celsius|ds18/i, "temperature"],
  [/press|kpa|bar\b/i, "pressure"],
  [/level|depth|distance|water_?height|tank/i, "level"],
  [/door|window|contact|leak|flood|alarm|smoke|fire|motion|switch|relay|input|power|open|closed/i, "contact"],
  [/count|pulse|total/i, "count"],
];

/** Proposes configuration for what nobody claims: a begin that keeps the schemas, for a person to look through. */
export class Proposer {
  readonly #bridges: ReadonlyMap<string, BridgeConfig>;
  readonly #devices: readonly SiteDevice[];

  constructor(bridges: readonly BridgeConfig[], devices: readonly SiteDevice[]) {
    this.#bridges = new Map(bridges.map((bridge) => [bridge.id, bridge]));
    this.#devices = devices;
  }

  readonly propose = (unknown: Unknown): Proposal => {
    const { via, name, reason } = unknown;
    const bridge = this.#bridges.get(via);
    if (reason === "not_signed_on") return { site: this.#newDevice(name, [], "# its password"), edge: null };
    if (bridge === undefined) return { site: null, edge: null };
    if (reason === "not_measured") return { site: this.#moreMeasures(unknown), edge: null };
    if (reason === "unknown_device") return this.#claim(bridge, name, [...unknown.values.values()]);
    return this.#unmapped(bridge, unknown);
  };

  #claim(bridge: BridgeConfig, name: string, seen: readonly SeenValue[], preset?: PresetName): Proposal {
    const id = this.#freeId(name);
    const site = this.#newDevice(name, seriesOf(seen));
    const edge = [...bridgeLines(bridge, preset), "    devices:", `      ${quote(name)}: ${plain(id)}`];
    return { site, edge: `${edge.join("\n")}\n` };
  }

  /** Looks whether a preset knows such topics; else proposes a mapping of this one topic. */
  #unmapped(bridge: BridgeConfig, unknown: Unknown): Proposal {
    const [topic, { payload } = { payload: Buffer.alloc(0) }] = [...unknown.topics].at(-1) ?? ["", undefined];
    for (const preset of presetNames) {
      if (preset === bridge.preset) continue;
      const [alone] = foreignSchema.parse([{ id: "x", secret: "x", preset }]);
      const found = alone === undefined ? undefined : new ForeignMapper(alone, []).map(topic, payload).unclaimed;
      if (found?.reason !== "unknown_device" || found.seen.length === 0) continue;
      return this.#claim(bridge, found.name, found.seen, preset);
    }
    const levels = topic.split("/");
    const name = levels.find((level) => /[a-z]/i.test(level) && level !== bridge.base) ?? unknown.name;
    const found = valuesIn(payload, levels.at(-1) ?? "");
    const id = this.#freeId(name);
    const series = found.map(({ value }) => value);
    const edge = [
      ...bridgeLines(bridge),
      "    mappings:",
      `      - topic: ${quote(topic.replaceAll(/[+#{}]/g, "_"))}`,
      `        device: ${plain(id)}`,
      "        values:",
      ...seriesOf(series).map(({ kind, channel }, index) => {
        const path = found[index]?.path ?? "";
        const parts = [
          ...(path === "" ? [] : [`path: ${quote(path)}`]),
          `kind: ${kind}`,
          `channel: ${channel === undefined ? '"-"' : quote(channel)}`,
        ];
        return `          - { ${parts.join(", ")} }`;
      }),
    ];
    return { site: this.#newDevice(name, seriesOf(series)), edge: `${edge.join("\n")}\n` };
  }

  #newDevice(name: string, series: readonly Series[], note?: string): string {
    const id = this.#freeId(name);
    const lines = [
      "devices:",
      `  - id: ${plain(id)}`,
      `    name: ${bothNames(name)}`,
      ...(note === undefined ? [] : [`    secret: file:/etc/gengfu/${id}.secret ${note}`]),
      "    measures:",
      ...measureLines(series),
    ];
    return `${lines.join("\n")}\n`;
  }

  /** The entry of a device that is there already, with what it tells besides. */
  #moreMeasures({ name, values }: Unknown): string | null {
    const device = this.#devices.find(({ id }) => id === name);
    if (device === undefined) return null;
    const known = device.measures.map(({ kind, channel }): Series => ({ kind, channel, isSure: true }));
    const more = [...values.values()].map((value): Series => ({ ...kindOf(value), channel: value.name }));
    const lines = [
      "devices:",
      `  - id: ${plain(device.id)} # is there already; add what is new`,
      `    name: { zh: ${quote(device.name.zh)}, en: ${quote(device.name.en)} }`,
      "    measures:",
      ...measureLines([...known, ...more.slice(0, values_max)]),
    ];
    return `${lines.join("\n")}\n`;
  }

  #freeId(name: string): string {
    const wanted = asIdentifier(name)
      .toLowerCase()
      .slice(0, 60)
      .replace(/[_-]+$/, "");
    const taken = new Set(this.#devices.map(({ id }) => id));
    let id = wanted;
    for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`;
    return id;
  }
}

/** The bridge as it stands in edge.yaml, as far as it matters here. */
function bridgeLines({ id, preset, base, broker, topics }: BridgeConfig, other?: PresetName): string[] {
  const shown = other ?? preset;
  return [
    "foreign:",
    `  - id: ${plain(id)}${other === undefined ? " # is there already; add what is new" : ""}`,
    ...(broker === undefined
      ? [`    secret: file:/etc/gengfu/${id}.secret`]
      : [`    broker: { url: ${quote(withoutPassword(broker.url))} }`]),
    ...(shown === undefined ? [] : [`    preset: ${shown}`]),
    ...(base === undefined || other !== undefined ? [] : [`    base: ${quote(base)}`]),
    ...(topics === undefined ? [] : [`    topics: [${topics.map(quote).join(", ").slice(0, bridge_chars_max)}]`]),
  ];
}

function withoutPassword(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** The series of values, each with a channel unless it is the only one of its kind. */
function seriesOf(seen: readonly SeenValue[]): Series[] {
  const values = seen
    .filter(({ kind }) => kind === undefined || isDeviceKind(kind))
    .slice(0, values_max)
    .map((value) => ({ ...value, ...kindOf(value) }));
  return values
    .filter(({ kind }, index) => kind !== "status" || values.findIndex((value) => value.kind === kind) === index)
    .map(({ name, kind, isSure, isPlain }) => {
      const isAlone = isPlain && values.filter((value) => value.kind === kind && value.isPlain).length === 1;
      return { kind, isSure, channel: kind === "status" || isAlone ? undefined : name };
    });
}

function kindOf({ name, kind }: SeenValue): { kind: DeviceKind; isSure: boolean } {
  if (kind !== undefined && isDeviceKind(kind)) return { kind, isSure: true };
  return { kind: hints.find(([words]) => words.test(name))?.[1] ?? "level", isSure: false };
}

function isDeviceKind(kind: MappedKind | Kind): kind is DeviceKind {
  return (deviceKinds as readonly string[]).includes(kind);
}

function measureLines(series: readonly Series[]): string[] {
  const shown = series.length === 0 ? [{ kind: "status" as const, channel: undefined, isSure: false }] : series;
  return shown.map(({ kind, channel, isSure }) => {
    const what = channel === undefined ? `kind: ${kind}` : `kind: ${kind}, channel: ${quote(channel)}`;
    return `      - { ${what} }${isSure ? "" : ` # guessed; one of ${deviceKinds.join(", ")}`}`;
  });
}

/** What a payload of an unknown kind holds: numbers and switches, at most one level deep. */
function valuesIn(payload: Buffer, leaf: string): { path: string; value: SeenValue }[] {
  const whole = (): { path: string; value: SeenValue }[] => [
    { path: "", value: { name: asIdentifier(leaf), kind: undefined, isPlain: true } },
  ];
  let json: unknown;
  try {
    json = JSON.parse(payload.toString("utf8"));
  } catch {
    return whole();
  }
  if (typeof json !== "object" || json === null) return whole();
  const found = Object.entries(json).flatMap(([key, value]: [string, unknown]) =>
    (typeof value === "number" || typeof value === "boolean") && /^[^.{}]{1,64}$/.test(key)
      ? [{ path: key, value: { name: asIdentifier(key), kind: undefined, isPlain: false } }]
      : [],
  );
  return found.length === 0 ? whole() : found.slice(0, values_max);
}

function bothNames(name: string): string {
  const plain = name.replaceAll(/\p{Cc}/gu, " ").trim() || "?";
  return `{ zh: ${quote(plain)}, en: ${quote(plain)} }`;
}

/** An identifier as YAML has it: some of them would be numbers, such as the addresses of Zigbee's devices. */
function plain(id: string): string {
  return /^[a-z][a-z0-9_-]*$/.test(id) && !["true", "false", "null"].includes(id) ? id : quote(id);
}

/** A text as YAML has it; JSON's way of quoting is one of YAML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}
