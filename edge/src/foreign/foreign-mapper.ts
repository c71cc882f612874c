import { parseFields, type Quarantine as Broken } from "@gengfu/firmware-contracts/parse";
import type { QuarantineCode } from "@gengfu/firmware-contracts/contract/codes";
import { payload_bytes_max } from "@gengfu/firmware-contracts/contract/limits";
import type { Kind } from "@gengfu/shared/model/reading";
import type { SiteDevice } from "@gengfu/shared/model/site";
import { valueMessage, type Message } from "../intake/message.ts";
import { findCandidates, type Candidate } from "./candidates.ts";
import { asFlag, convert, type Conversion } from "./convert.ts";
import type { MappedKind, Mapping } from "./mapping-schema.ts";
import { measuredAt } from "./measured-at.ts";
import { presets } from "./presets/presets.ts";
import { withBase } from "./presets/preset.ts";
import type { BridgeConfig } from "./schema.ts";
import { topicPattern, type TopicPattern } from "./topic-pattern.ts";

/** Why something of a bridge became no reading; stable. */
export type UnclaimedReason = "unknown_device" | "no_mapping" | "not_measured";

/** A value that a device of the bridge told, whether the site file has that or not. */
export interface SeenValue {
  readonly name: string;
  /** Undefined where neither payload nor mapping says it. */
  readonly kind: MappedKind | undefined;
  /** Whether it may be meant without a channel. */
  readonly isPlain: boolean;
}

export interface Reading {
  readonly device: string;
  readonly message: Message;
}

/** What becomes of a publish. */
export interface Mapped {
  readonly readings: readonly Reading[];
  /** Of a device that is known, and that breaks the contract. */
  readonly broken: readonly { readonly device: string; readonly why: Broken }[];
  /** Whether the bridge itself says that it is there. */
  readonly bridgeOnline: boolean | undefined;
  readonly unclaimed:
    | { readonly name: string; readonly reason: UnclaimedReason; readonly seen: SeenValue[] }
    | undefined;
}

interface Claim {
  readonly device: SiteDevice;
  readonly values: Exclude<BridgeConfig["devices"][string], string>["values"];
}

/** What a candidate is: of which kind and channel, and how it is to be converted. */
interface Chosen {
  readonly kind: Exclude<MappedKind, "bridge">;
  readonly channel: string | null;
  readonly how: Conversion;
}

const nothing: Mapped = { readings: [], broken: [], bridgeOnline: undefined, unclaimed: undefined };

/** Makes messages of what the devices behind a bridge publish. Pure: it knows the configuration, and nothing else. */
export class ForeignMapper {
  /** Filters that ask a broker for all that is mapped. */
  readonly filters: readonly string[];
  readonly #mappings: readonly { readonly pattern: TopicPattern; readonly mapping: Mapping }[];
  readonly #claims: ReadonlyMap<string, Claim>;
  readonly #devices: ReadonlyMap<string, SiteDevice>;

  constructor(config: BridgeConfig, devices: readonly SiteDevice[]) {
    const preset = config.preset === undefined ? undefined : withBase(presets[config.preset], config.base);
    const all = [...config.mappings, ...(preset?.mappings ?? [])];
    this.#mappings = all.map((mapping) => ({ pattern: topicPattern(mapping.topic), mapping }));
    this.#devices = new Map(devices.map((device) => [device.id, device]));
    this.#claims = new Map(
      Object.entries(config.devices).flatMap(([name, entry]) => {
        const { device: id, values } = typeof entry === "string" ? { device: entry, values: {} } : entry;
        const device = this.#devices.get(id);
        return device === undefined ? [] : [[name, { device, values }]];
      }),
    );
    const filled = this.#mappings.filter(({ mapping }) => mapping.values.length > 0);
    this.filters = [...new Set(filled.map(({ pattern }) => pattern.filter))];
  }

  map(topic: string, payload: Buffer): Mapped {
    const found = this.#find(topic);
    if (found === undefined) return unclaimed(topic, "no_mapping", []);
    const { mapping, names } = found;
    if (mapping.values.length === 0) return nothing;
    const name = names["device"] ?? mapping.device ?? "";
    const claim = this.#claimOf(mapping, name);
    if (payload.length > payload_bytes_max) {
      const message = `found ${payload.length} bytes, allowed: at most ${payload_bytes_max}`;
      return claim === undefined
        ? unclaimed(name, "unknown_device", [])
        : brokenBy(claim, "payload_too_large", message);
    }
    const { candidates, time, isUnreadable } = findCandidates(mapping, names, payload);
    const bridge = candidates.find(({ rule }) => rule.kind === "bridge");
    if (bridge !== undefined) {
      const online = asFlag(bridge.raw, bridge.rule);
      return { ...nothing, bridgeOnline: typeof online === "boolean" ? online : undefined };
    }
    if (claim === undefined) {
      return unclaimed(name, "unknown_device", candidates.map(seenOf));
    }
    // an empty payload is how a retained one is taken back
    if (payload.length === 0) return nothing;
    if (isUnreadable && candidates.length === 0) return brokenBy(claim, "not_json", "the payload is no JSON object");
    return mapCandidates(claim, candidates, measuredAt(time));
  }

  #find(topic: string): { mapping: Mapping; names: Readonly<Record<string, string>> } | undefined {
    for (const { pattern, mapping } of this.#mappings) {
      const names = pattern.match(topic);
      if (names !== undefined) return { mapping, names };
    }
    return undefined;
  }

  #claimOf({ device: id }: Mapping, name: string): Claim | undefined {
    if (id === undefined) return this.#claims.get(name);
    const device = this.#devices.get(id);
    return device === undefined ? undefined : { device, values: {} };
  }
}

function mapCandidates(claim: Claim, candidates: readonly Candidate[], at: number | null): Mapped {
  const readings: Reading[] = [];
  const broken: { device: string; why: Broken }[] = [];
  const left: SeenValue[] = [];
  let status: Record<string, unknown> = {};
  const device = claim.device.id;
  const take = (kind: Exclude<Chosen["kind"], "state">, channel: string | null, fields: object): void => {
    const verdict = parseFields(kind, {
      ...fields,
      ...(channel === null ? {} : { channel }),
      ...(at === null ? {} : { at }),
    });
    if (verdict.verdict === "reading") readings.push({ device, message: verdict.message });
    else if (verdict.verdict === "quarantine") broken.push({ device, why: verdict });
  };
  for (const candidate of candidates) {
    const chosen = choose(claim, candidate, candidates);
    if (chosen === null) continue;
    if (chosen === undefined) left.push(seenOf(candidate));
    else if (chosen.kind === "state") {
      const online = asFlag(candidate.raw, chosen.how);
      if (typeof online === "boolean") readings.push({ device, message: valueMessage("state", null, online ? 1 : 0) });
      else
        broken.push(
          ...brokenBy(claim, "invalid_state", "the payload says neither that it is online nor offline").broken,
        );
    } else if (chosen.kind === "status") {
      status = { ...status, ...convert("status", candidate.raw, chosen.how) };
    } else {
      take(chosen.kind, chosen.channel, convert(chosen.kind, candidate.raw, chosen.how));
    }
  }
  if (Object.keys(status).length > 0) take("status", null, status);
  const isLost = readings.length === 0 && broken.length === 0 && left.length > 0;
  return {
    readings,
    broken,
    bridgeOnline: undefined,
    unclaimed: isLost ? { name: device, reason: "not_measured", seen: left } : undefined,
  };
}

function seenOf({ name, rule: { kind, several } }: Candidate): SeenValue {
  return { name, kind, isPlain: !several };
}

/** What a value is to the device: null where it is of no interest, undefined where the site file doesn't say. */
function choose(
  { device, values }: Claim,
  { name, rule, unit: told }: Candidate,
  all: readonly Candidate[],
): Chosen | null | undefined {
  const choice = Object.hasOwn(values, name) ? values[name] : undefined;
  if (choice === false) return null;
  const own = typeof choice === "object" ? choice : {};
  const kind = own.kind ?? rule.kind;
  const how: Conversion = {
    field: own.field ?? rule.field,
    unit: own.unit ?? told ?? rule.unit,
    scale: own.scale ?? rule.scale,
    offset: own.offset ?? rule.offset,
    texts: own.texts ?? rule.texts,
    invert: own.invert ?? rule.invert,
  };
  if (kind === "state") return { kind, channel: null, how };
  if (kind === "bridge") return null;
  if (kind === "status")
    return device.measures.some((measure) => measure.kind === kind) ? { kind, channel: null, how } : null;
  const explicit = (typeof choice === "string" ? choice : own.channel) ?? rule.channel;
  if (explicit !== undefined) {
    const channel = explicit === "-" ? null : explicit;
    const found = kind ?? device.measures.find((measure) => (measure.channel ?? null) === channel)?.kind;
    return found === undefined ? undefined : { kind: found, channel, how };
  }
  const named = device.measures.filter(
    (measure) => (kind === undefined || measure.kind === kind) && measure.channel?.toLowerCase() === name.toLowerCase(),
  );
  const [match] = named;
  if (match !== undefined)
    return named.length > 1 ? undefined : { kind: match.kind, channel: match.channel ?? null, how };
  if (kind === undefined) return undefined;
  // without a channel only where nothing else could be meant
  const isSole = choice !== undefined || (!rule.several && isOnlyOne(kind, all));
  const hasPlain = device.measures.some((measure) => measure.kind === kind && measure.channel === undefined);
  return isSole && hasPlain ? { kind, channel: null, how } : undefined;
}

function isOnlyOne(kind: Kind, all: readonly Candidate[]): boolean {
  return all.filter(({ rule }) => rule.kind === kind && !rule.several).length === 1;
}

function unclaimed(name: string, reason: UnclaimedReason, seen: SeenValue[]): Mapped {
  return { ...nothing, unclaimed: { name, reason, seen } };
}

function brokenBy({ device }: Claim, code: QuarantineCode, message: string): Mapped {
  return {
    ...nothing,
    broken: [{ device: device.id, why: { verdict: "quarantine", code, detail: { message, path: "" } } }],
  };
}
