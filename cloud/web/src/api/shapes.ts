import type { Interval } from "@gengfu/shared/intervals";
import { bothOf, Fields } from "./decode.ts";
import { alertStates, kinds, roundStates, severities } from "./types.ts";
import type {
  Alert,
  Device,
  Gateway,
  LiveEvent,
  Notification,
  Quarantined,
  Reading,
  Round,
  RoundCheckpoint,
  SeriesPoint,
  Session,
  Unclaimed,
} from "./types.ts";

// The API's records as the console knows them; null for one that lacks what makes it usable.

export function sessionOf(input: unknown): Session | null {
  const fields = new Fields(input);
  const name = fields.text("name");
  if (name === null) return null;
  const rights = fields.list("rights", asText);
  const single = fields.text("rights");
  return { name, rights: single === null ? rights : [single] };
}

export function readingOf(input: unknown): Reading | null {
  const fields = new Fields(input);
  const device = fields.text("device");
  const kind = fields.oneOf("kind", kinds);
  const at = fields.number("at");
  if (device === null || kind === null || at === null) return null;
  return {
    gateway: fields.text("gateway") ?? "",
    epoch: fields.number("epoch"),
    seq: fields.number("seq") ?? 0,
    device,
    kind,
    channel: channelOf(fields),
    at,
    receivedAt: fields.number("receivedAt"),
    clock: fields.text("clock"),
    value: fields.number("value"),
    detail: plainOf(fields),
  };
}

export function seriesPointOf(input: unknown): SeriesPoint | null {
  const fields = new Fields(input);
  const [at, min, mean, max] = [fields.number("at"), fields.number("min"), fields.number("mean"), fields.number("max")];
  if (at === null || min === null || mean === null || max === null) return null;
  return { at, min, mean, max, count: fields.number("count") ?? 1 };
}

export function deviceOf(input: unknown): Device | null {
  const fields = new Fields(input);
  const id = fields.text("id");
  if (id === null) return null;
  const last = fields.raw("last");
  // by `kind` or `kind/channel`, each entry a reading that need not repeat what its key and place say
  const readings = Array.isArray(last)
    ? last
    : fields
        .fields("last")
        .entries()
        .map(([key, value]) => named(id, key, value));
  return {
    id,
    lastSeenAt: fields.number("lastSeenAt"),
    state: fields.text("state") ?? "unknown",
    last: readings.flatMap((item) => readingOf(item) ?? []),
  };
}

export function gatewayOf(input: unknown): Gateway | null {
  const fields = new Fields(input);
  const id = fields.text("id");
  if (id === null) return null;
  const queued = fields.fields("queued");
  return {
    id,
    connected: fields.flag("connected") ?? false,
    lastSeenAt: fields.number("lastSeenAt"),
    backlog: fields.number("backlog"),
    queued: fields.has("queued")
      ? { events: queued.number("events") ?? 0, samples: queued.number("samples") ?? 0 }
      : null,
    missing: fields.list("missing", intervalOf),
    disk: diskOf(fields.fields("disk")),
    clock: fields.text("clock"),
    troubles: fields.list("troubles", asText),
  };
}

function diskOf(fields: Fields): Gateway["disk"] {
  const today_bytes = fields.number("writtenTodayBytes");
  return today_bytes === null ? null : { today_bytes, yesterday_bytes: fields.number("writtenYesterdayBytes") };
}

export function alertOf(input: unknown): Alert | null {
  const fields = new Fields(input);
  const id = fields.text("id");
  const state = fields.oneOf("state", alertStates);
  const raisedAt = fields.number("raisedAt");
  if (id === null || state === null || raisedAt === null) return null;
  return {
    id,
    rule: fields.text("rule") ?? "",
    // one of unknown severity is rather shown too loud than not at all
    severity: fields.oneOf("severity", severities) ?? "critical",
    state,
    name: fields.both("name"),
    message: fields.both("messages") ?? fields.both("message"),
    advice: fields.both("advice"),
    gateway: fields.text("gateway"),
    device: fields.text("device"),
    channel: channelOf(fields),
    kind: fields.oneOf("kind", kinds),
    value: fields.number("value"),
    raisedAt,
    acknowledgedAt: fields.number("acknowledgedAt"),
    acknowledgedBy: fields.text("acknowledgedBy"),
    clearedAt: fields.number("clearedAt"),
    closedAt: fields.number("closedAt"),
    cause: fields.text("cause"),
  };
}

export function notificationOf(input: unknown): Notification | null {
  const fields = new Fields(input);
  const id = fields.number("id") ?? fields.text("id");
  if (id === null) return null;
  return {
    id: String(id),
    channel: fields.text("channel") ?? "",
    target: fields.text("target"),
    state: fields.text("state") ?? "pending",
    about: fields.text("about"),
    attempts: fields.number("attempts") ?? 0,
    createdAt: fields.number("createdAt"),
    sentAt: fields.number("sentAt"),
    error: fields.text("error"),
    text: fields.text("text"),
  };
}

export function roundOf(input: unknown): Round | null {
  const fields = new Fields(input);
  const id = fields.text("id");
  const state = fields.oneOf("state", roundStates);
  const window = fields.fields("window");
  const [from, to] = [window.number("from"), window.number("to")];
  if (id === null || state === null || from === null || to === null) return null;
  return {
    id,
    route: fields.text("route") ?? "",
    name: fields.both("name") ?? { zh: id, en: id },
    date: fields.text("date") ?? "",
    window: { from, to },
    state,
    provisional: fields.flag("provisional") ?? false,
    checkpoints: fields.list("checkpoints", roundCheckpointOf),
    reasons: fields.list("reasons", (reason) => bothOf(reason) ?? new Fields(reason).both("text")),
  };
}

export function quarantinedOf(input: unknown): Quarantined | null {
  const fields = new Fields(input);
  const at = fields.number("at");
  if (at === null) return null;
  return {
    at,
    device: fields.text("device"),
    topic: fields.text("topic"),
    code: fields.text("code"),
    message: fields.text("message"),
    path: fields.text("path"),
    payload: fields.text("payload"),
  };
}

export function unclaimedOf(input: unknown): Unclaimed | null {
  const fields = new Fields(input);
  const gateway = fields.text("gateway");
  const name = fields.text("name");
  if (gateway === null || name === null) return null;
  const proposal = fields.fields("proposal");
  return {
    gateway,
    via: fields.text("via") ?? "",
    name,
    reason: fields.text("reason") ?? "",
    count: fields.number("count") ?? 0,
    lastSeenAt: fields.number("lastSeenAt"),
    topics: fields.list("topics", (item) => {
      const topic = new Fields(item).text("topic");
      return topic === null ? null : { topic, payload: new Fields(item).text("payload") ?? "" };
    }),
    proposal: { site: proposal.text("site"), edge: proposal.text("edge") },
  };
}

/** An event of the live stream by its name; null for one that the console doesn't know. */
export function liveEventOf(name: string, data: unknown): LiveEvent | null {
  switch (name) {
    case "reading": {
      const reading = readingOf(data);
      return reading && { type: "reading", reading };
    }
    case "alert": {
      const alert = alertOf(data);
      return alert && { type: "alert", alert };
    }
    case "round": {
      const round = roundOf(data);
      return round && { type: "round", round };
    }
    case "gateway": {
      const gateway = gatewayOf(data);
      return gateway && { type: "gateway", gateway };
    }
    default:
      return null;
  }
}

function roundCheckpointOf(input: unknown): RoundCheckpoint | null {
  const fields = new Fields(input);
  const id = fields.text("id");
  if (id === null) return null;
  return {
    id,
    name: fields.both("name") ?? { zh: id, en: id },
    tapAt: fields.number("tapAt"),
    guard: fields.text("guard"),
    guardName: fields.text("guard_name"),
  };
}

/** InfluxDB's tags write a missing channel as `-`. */
function channelOf(fields: Fields): string | null {
  const channel = fields.text("channel");
  return channel === "-" || channel === "" ? null : channel;
}

function named(device: string, key: string, value: unknown): unknown {
  const [kind, channel] = key.split(/[/:.]/);
  return typeof value === "object" && value !== null ? { device, kind, channel, ...value } : value;
}

const common = new Set(["gateway", "epoch", "seq", "device", "kind", "channel", "at", "receivedAt", "clock", "value"]);

function plainOf(fields: Fields): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  for (const [key, value] of fields.entries()) {
    if (common.has(key)) continue;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") plain[key] = value;
  }
  return plain;
}

function intervalOf(input: unknown): Interval | null {
  if (!Array.isArray(input)) return null;
  const [from, to] = input as unknown[];
  return typeof from === "number" && typeof to === "number" ? [from, to] : null;
}

function asText(input: unknown): string | null {
  return typeof input === "string" ? input : null;
}
