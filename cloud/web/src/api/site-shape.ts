import { Fields } from "./decode.ts";
import { deviceTypes, kinds, severities } from "./types.ts";
import type { Checkpoint, Condition, Measure, Named, Person, Rule, Site, SiteDevice } from "./types.ts";

const conditions = [
  "contact",
  "above",
  "below",
  "device_silent",
  "gateway_silent",
] as const satisfies readonly Condition["type"][];

export function siteOf(input: unknown): Site | null {
  const base = namedOf(input);
  if (base === null) return null;
  const fields = new Fields(input);
  return {
    ...base,
    timeZone: usable(fields.text("timeZone") ?? fields.text("time_zone")),
    gateways: fields.list("gateways", namedOf),
    devices: fields.list("devices", siteDeviceOf),
    checkpoints: fields.list("checkpoints", checkpointOf),
    defects: fields.list("defects", namedOf),
    people: fields.list("people", personOf),
    rules: fields.list("rules", ruleOf),
    notifications: Object.fromEntries(
      fields
        .fields("notifications")
        .entries()
        .map(([channel, set]) => [channel, Boolean(set)]),
    ),
  };
}

function namedOf(input: unknown): Named | null {
  const fields = new Fields(input);
  const id = fields.text("id");
  return id === null ? null : { id, name: fields.both("name") ?? { zh: id, en: id } };
}

function siteDeviceOf(input: unknown): SiteDevice | null {
  const base = namedOf(input);
  if (base === null) return null;
  const fields = new Fields(input);
  return {
    ...base,
    type: fields.oneOf("type", deviceTypes) ?? "other",
    gateway: fields.text("gateway"),
    measures: fields.list("measures", measureOf),
  };
}

function measureOf(input: unknown): Measure | null {
  const fields = new Fields(input);
  const kind = fields.oneOf("kind", kinds);
  if (kind === null) return null;
  return {
    kind,
    channel: fields.text("channel"),
    name: fields.both("name"),
    min: fields.number("min"),
    max: fields.number("max"),
  };
}

function checkpointOf(input: unknown): Checkpoint | null {
  const base = namedOf(input);
  const fields = new Fields(input);
  return base && { ...base, device: fields.text("device"), tag: fields.text("tag") };
}

function personOf(input: unknown): Person | null {
  const base = namedOf(input);
  return base && { ...base, card: new Fields(input).text("card") };
}

function ruleOf(input: unknown): Rule | null {
  const base = namedOf(input);
  if (base === null) return null;
  const fields = new Fields(input);
  const when = fields.fields("when");
  const type = when.oneOf("type", conditions);
  if (type === null) return null;
  return {
    ...base,
    severity: fields.oneOf("severity", severities) ?? "warning",
    advice: fields.both("advice"),
    when: {
      type,
      kind: type === "contact" ? "contact" : when.oneOf("kind", kinds),
      device: when.text("device"),
      channel: when.text("channel"),
      closed: when.flag("closed"),
      limit: when.number("limit"),
      clear: when.number("clear"),
      after_ms: when.number("after") ?? when.number("after_ms"),
    },
  };
}

/** A zone that this browser doesn't know would make every time throw. */
function usable(zone: string | null): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone ?? "Asia/Shanghai" }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return "Asia/Shanghai";
    throw error;
  }
}
