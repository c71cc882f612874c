import { isAside, type StoredReading } from "@gengfu/shared/model/reading";
import type { AlertStepOfAlert } from "../../alerts/alert.ts";
import type { GatewayView } from "../../gateways/registry.ts";
import type { SiteFacts } from "../../site-facts.ts";

/**
 * Line protocol (docs.influxdata.com, "Line protocol reference"). Every type of a field is fixed here, so that no
 * reading of ours ever conflicts with another: numbers are floats, but for `seq`.
 */

/** Tags say what is looked for; a tag can't be empty. */
const none = "-";
const tagLength_max = 256;
const statusNumbers = ["battery_volts", "rssi_dbm", "uptime_seconds"] as const;

/** The point of a reading, or undefined for the kinds that are none. */
export function readingLine(reading: StoredReading, facts: SiteFacts): string | undefined {
  const { kind, gateway, device, channel, value, detail, seq } = reading;
  if (isAside(kind)) return undefined;
  const fields: Fields = { seq: `${seq}i` };
  if (value !== null) fields["value"] = number(value);
  let checkpoint: string | undefined;
  if (kind === "tap") {
    const tap = facts.tap(reading);
    checkpoint = tap.checkpoint ?? none;
    fields["card"] = string(detail?.["card"]);
    fields["guard"] = string(tap.guard);
    fields["guard_name"] = string(tap.guardName);
  } else if (kind === "status") {
    for (const name of statusNumbers) fields[name] = number(detail?.[name]);
    fields["firmware"] = string(detail?.["firmware"]);
  }
  return line(
    kind,
    {
      channel: channel ?? none,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      device,
      gateway,
      site: facts.siteOf(gateway),
    },
    fields,
    timestamp(reading.at, seq),
  );
}

/** The point of a step of an alert. */
export function alertLine(
  step: Pick<AlertStepOfAlert, "id" | "alert" | "at" | "rule" | "severity" | "state" | "value">,
): string {
  return line(
    "alert",
    { rule: step.rule, severity: step.severity, state: step.state },
    { id: string(step.alert), value: number(step.value) },
    timestamp(step.at, step.id),
  );
}

/** How a gateway stands; `at` is when, epoch milliseconds. */
export function gatewayStatusLine(
  site: string,
  { id, connected, backlog, queued, status }: Pick<GatewayView, "id" | "connected" | "backlog" | "queued" | "status">,
  at: number,
): string {
  return line(
    "gateway_status",
    { gateway: id, site },
    {
      connected: number(connected ? 1 : 0),
      backlog: number(backlog),
      events: number(queued?.events),
      samples: number(queued?.samples),
      dropped: number(status?.dropped),
      quarantined: number(status?.quarantined),
      uptime_s: number(status?.uptime_s),
      rss_bytes: number(status?.rss_bytes),
      troubles: number(status?.troubles.length),
      clock: string(status?.clock),
    },
    timestamp(at, 0),
  );
}

type Fields = Record<string, string | undefined>;

function line(measurement: string, tags: Readonly<Record<string, string>>, fields: Fields, time: string): string {
  let text = measurement;
  for (const name of Object.keys(tags)) text += `,${name}=${tag(tags[name] as string)}`;
  let separator = " ";
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    if (field === undefined) continue;
    text += `${separator}${name}=${field}`;
    separator = ",";
  }
  return `${text} ${time}`;
}

/**
 * Nanoseconds, made only from the reading: its millisecond, and within that its number, so that two readings of a series
 * in the same millisecond are two points, and a second write of one is the same point.
 */
function timestamp(at: number, number: number): string {
  const within = number % 1_000_000;
  if (at > 0) return `${at}${String(within).padStart(6, "0")}`;
  return String(BigInt(at) * 1_000_000n + BigInt(within));
}

const plainTag = /^[\w.:/-]+$/;

/** A tag's value: a line break has no form there and neither has a backslash at the end, so they are written otherwise. */
export function tag(value: string): string {
  if (plainTag.test(value) && value.length <= tagLength_max) return value;
  const text = value
    .slice(0, tagLength_max)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, " ")
    .replace(/\\+$/, (slashes) => "/".repeat(slashes.length));
  return text === "" ? none : text.replaceAll(/[,= ]/g, String.raw`\$&`);
}

function string(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function number(value: unknown): string | undefined {
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}
