import type { DeviceMessage } from "../contract/message.ts";
import { parsePublish, type ParsedPublish } from "../parse.ts";
import type { CheckMode, Observation, Published } from "./observation.ts";

/** A publish with what the contract makes of it. */
export interface Seen {
  readonly publish: Published;
  readonly leaf: string;
  readonly parsed: ParsedPublish;
  /** The payload as JSON, also where it breaks the contract; empty where it is no object. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface SeenReading extends Seen {
  readonly message: DeviceMessage;
}

/** All that was seen of one device, as the rules look at it. */
export interface DeviceView {
  readonly mode: CheckMode;
  /** Null for what was published on topics of no device. */
  readonly device: string | null;
  readonly observations: readonly Observation[];
  readonly publishes: readonly Seen[];
  /** Those that keep the contract, and are of now. */
  readonly readings: readonly SeenReading[];
  /** The same without what is a repeat of one before. */
  readonly fresh: readonly SeenReading[];
}

export function viewOf(mode: CheckMode, device: string | null, observations: readonly Observation[]): DeviceView {
  const publishes = ofType(observations, "published").map((publish): Seen => {
    const parsed = parsePublish(device ?? "", publish.topic, publish.payload);
    const leaf = publish.topic.slice(publish.topic.lastIndexOf("/") + 1);
    return { publish, leaf, parsed, fields: fieldsOf(publish.payload) };
  });
  const readings = publishes.flatMap((seen) =>
    seen.parsed.verdict === "reading" && !seen.publish.stored ? [{ ...seen, message: seen.parsed.message }] : [],
  );
  return { mode, device, observations, publishes, readings, fresh: withoutRepeats(readings) };
}

function withoutRepeats(readings: readonly SeenReading[]): SeenReading[] {
  const known = new Map<string, SeenReading>();
  return readings.filter((reading) => {
    const number = numberOf(reading);
    if (number === undefined) return true;
    const before = known.get(number);
    known.set(number, reading);
    return before === undefined || !saysTheSame(before, reading);
  });
}

export function ofType<T extends Observation["type"]>(
  observations: readonly Observation[],
  type: T,
): Extract<Observation, { type: T }>[] {
  return observations.filter((one): one is Extract<Observation, { type: T }> => one.type === type);
}

/** Names one reading of a device: the same for its repeats; undefined without `boot` and `seq`. */
export function numberOf({ message: { boot, seq, kind, channel } }: SeenReading): string | undefined {
  return boot === null || seq === null ? undefined : `${boot}/${seq}/${kind}/${channel ?? "-"}`;
}

/** Whether two payloads say the same; the age is worked out anew where a repeat goes out later. */
export function saysTheSame(a: Seen, b: Seen): boolean {
  if (a.publish.topic !== b.publish.topic) return false;
  if (a.publish.payload.equals(b.publish.payload)) return true;
  const { age: _a, ...restA } = a.fields;
  const { age: _b, ...restB } = b.fields;
  const names = Object.keys(restA);
  return (
    names.length > 0 &&
    names.length === Object.keys(restB).length &&
    names.every((name) => JSON.stringify(restA[name]) === JSON.stringify(restB[name]))
  );
}

function fieldsOf(payload: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    // what is wrong with it is said by the rule of the payload
    return {};
  }
}
