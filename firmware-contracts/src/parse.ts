import { isUtf8 } from "node:buffer";
import { messageOf } from "@gengfu/shared/errors";
import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import type { QuarantineCode } from "./contract/codes.ts";
import { payload_bytes_max } from "./contract/limits.ts";
import { messageSchemas, type DeviceMessage } from "./contract/message.ts";
import { leafOf } from "./contract/topics.ts";
import { duplicateKey, scan } from "./scan.ts";
import { validate } from "./validate.ts";

/** What is made of a device's publish; `foreign_topic` is refused, all else is acknowledged once it is durable. */
export type ParsedPublish =
  | { readonly verdict: "reading"; readonly message: DeviceMessage }
  | { readonly verdict: "state"; readonly online: boolean }
  | Quarantine
  | { readonly verdict: "foreign_topic" };

export interface Quarantine {
  readonly verdict: "quarantine";
  readonly code: QuarantineCode;
  readonly detail: {
    /** Every mistake, at most `message_chars_max` characters. */
    readonly message: string;
    /** The first mistaken field; empty where it is the payload or topic as a whole. */
    readonly path: string;
  };
}

const message_chars_max = 1_000;
const shown_chars_max = 60;

const online = Buffer.from("online");
const offline = Buffer.from("offline");
const isKind: ReadonlySet<string> = new Set(deviceKinds);

/**
 * Judges one publish of `device`, which has signed on under that name. It is called for each publish: what keeps the
 * contract takes no schema and no exception; what breaks it is explained by the schema.
 */
export function parsePublish(device: string, topic: string, payload: Uint8Array): ParsedPublish {
  const leaf = leafOf(device, topic);
  if (leaf === undefined) return { verdict: "foreign_topic" };
  if (!isKind.has(leaf)) return leaf === "state" ? parseState(payload) : unknownKind(leaf);
  return parsePayload(leaf as DeviceKind, payload);
}

function parsePayload(kind: DeviceKind, bytes: Uint8Array): ParsedPublish {
  if (bytes.length > payload_bytes_max) return tooLarge(bytes);
  const scanned = scan(bytes);
  if (scanned < 0) return quarantine("nested_too_deep", "objects or lists stand within each other more than 16 deep");
  const buffer = asBuffer(bytes);
  const isAscii = (scanned & 1) === 0;
  if (!isAscii && !isUtf8(buffer)) return quarantine("not_utf8", "the payload is not valid UTF-8");
  const text = buffer.toString(isAscii ? "latin1" : "utf8");
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (error) {
    return notJson(text, error);
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return quarantine("not_an_object", `found ${show(fields)}, allowed: an object such as {"metres":1.5}`);
  }
  if (Object.keys(fields).length !== scanned >> 1) {
    const key = cut(duplicateKey(text) ?? "");
    return quarantine("duplicate_field", `${key}: found twice, allowed: once`, key);
  }
  return parseFields(kind, fields);
}

/** Judges the fields of a payload, as they stand after it was parsed. */
export function parseFields(kind: DeviceKind, fields: object): ParsedPublish {
  const message = validate[kind](fields);
  return message === undefined ? explain(kind, fields) : { verdict: "reading", message };
}

function parseState(payload: Uint8Array): ParsedPublish {
  const buffer = asBuffer(payload);
  if (buffer.equals(online)) return { verdict: "state", online: true };
  if (buffer.equals(offline)) return { verdict: "state", online: false };
  if (payload.length > payload_bytes_max) return tooLarge(payload);
  const found = payload.length === 0 ? "nothing, which clears the retained state" : show(buffer.toString("utf8"));
  return quarantine("invalid_state", `found ${found}, allowed: online or offline, without quotes`);
}

/** Asks the schema what is wrong. */
function explain(kind: DeviceKind, fields: object): ParsedPublish {
  const result = messageSchemas[kind].safeParse(fields);
  if (result.success) return { verdict: "reading", message: result.data };
  const mistakes = new Set<string>();
  for (const { path, message } of result.error.issues) {
    const field = String(path[0] ?? "");
    const found: unknown = Object.getOwnPropertyDescriptor(fields, field)?.value;
    mistakes.add(`${field}: found ${show(found)}, allowed: ${message}`);
  }
  return quarantine("invalid_field", [...mistakes].join("; "), String(result.error.issues[0]?.path[0] ?? ""));
}

function unknownKind(leaf: string): Quarantine {
  const hint = leaf === "error" || leaf === "feedback" ? `; \`${leaf}\` is where the edge answers` : "";
  return quarantine("unknown_kind", `found ${show(leaf)}, allowed: one of ${deviceKinds.join(", ")}, state${hint}`);
}

function tooLarge(bytes: Uint8Array): Quarantine {
  return quarantine("payload_too_large", `found ${bytes.length} bytes, allowed: at most ${payload_bytes_max}`);
}

function notJson(text: string, error: unknown): Quarantine {
  if (text === "") return quarantine("not_json", "the payload is empty");
  if (text.startsWith("\u{feff}")) return quarantine("not_json", "the payload begins with a byte order mark (BOM)");
  const reason = messageOf(error).replaceAll(/\p{Cc}/gu, " ");
  return quarantine("not_json", `the payload is not JSON: ${reason}`);
}

function quarantine(code: QuarantineCode, message: string, path = ""): Quarantine {
  return { verdict: "quarantine", code, detail: { message: cut(message, message_chars_max), path } };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A value as it stands in a message: short, without what would upset a log or a screen. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return cut(JSON.stringify(value.slice(0, shown_chars_max + 1)), shown_chars_max);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function cut(text: string, chars_max = shown_chars_max): string {
  return (text.length > chars_max ? `${text.slice(0, chars_max - 3)}...` : text).toWellFormed();
}
