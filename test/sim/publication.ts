import type { Kind, Reading } from "@gengfu/shared/model/reading";

/** What a device once had to say, and what became of it. */
export interface Publication {
  readonly id: number;
  readonly device: string;
  readonly topic: string;
  readonly payload: Buffer;
  /** Whether it has `boot` and `seq`, so that a repeat is known for ever. */
  readonly isNumbered: boolean;
  readonly expected: Expected;
  /** Told to the device as taken over. */
  isAcknowledged: boolean;
  /** Where it stands in the edge's log: (epoch, seq), more than once only where that may be. */
  readonly places: { readonly epoch: number; readonly seq: number }[];
  /** Set where the edge can't know a repeat of it any more: it may be there twice. */
  mayRepeat: boolean;
  /** Whether the edge had it only in memory when it died: the last time, or some time before. */
  forgotten: "never" | "now" | "before";
}

/** What must arrive of it. */
export interface Expected {
  readonly kind: Kind;
  readonly channel: string | null;
  readonly value: number | null;
  readonly detail: Reading["detail"];
  /** When the device says itself when it measured. */
  readonly at: number | null;
  readonly age: number | null;
}

/** The channel of readings that InfluxDB will never take. */
export const poisonChannel = "poison";

/** Each publication has something that no other has; by that it is known in every log and store. */
export function identityOf(reading: Pick<Reading, "device" | "kind" | "channel" | "at" | "value" | "detail">): string {
  const { device, kind, channel, at, value, detail } = reading;
  const own =
    kind === "tap" ? detail?.["card"] : kind === "quarantine" ? detail?.["payload"] : kind === "contact" ? at : value;
  return `${device}/${kind}/${channel ?? "-"}/${String(own)}`;
}

/** What of an entry in the edge's log is not as the device said it, or undefined where all is. */
export function differenceOf({ expected, device }: Publication, entry: Reading): string | undefined {
  const at = expected.at ?? entry.receivedAt - (expected.age ?? 0);
  const told = { ...expected, device, at, age: undefined };
  for (const field of ["device", "kind", "channel", "value", "at"] as const) {
    if (told[field] !== entry[field]) return `${field} is ${String(entry[field])}, not ${String(told[field])}`;
  }
  const detail = JSON.stringify(expected.detail);
  // of what went to quarantine the reason is the parser's business
  if (expected.kind === "quarantine" || JSON.stringify(entry.detail) === detail) return undefined;
  return `detail is ${JSON.stringify(entry.detail)}, not ${detail}`;
}
