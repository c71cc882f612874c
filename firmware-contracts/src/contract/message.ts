import type { Detail, DeviceKind } from "@gengfu/shared/model/reading";
import type { z } from "zod";
import { payloads, type Payloads } from "./payloads.ts";

/** A payload that keeps the contract, in the flat shape that a `Reading` is made from. */
export interface DeviceMessage {
  readonly kind: DeviceKind;
  readonly channel: string | null;
  /** In the kind's unit; 1 and 0 for a closed and an open contact; null for tap and status. */
  readonly value: number | null;
  /** tap: `card` | `tag`, `guard`, UIDs in upper case; status: the fields that it has; else null. */
  readonly detail: Detail | null;
  /** Epoch milliseconds UTC, whole; null without a trusted clock. Never given together with `age`. */
  readonly at: number | null;
  /** Milliseconds between measuring and publishing, whole. */
  readonly age: number | null;
  readonly boot: number | null;
  readonly seq: number | null;
}

interface Common {
  readonly seq?: number | undefined;
  readonly boot?: number | undefined;
  readonly at?: number | undefined;
  readonly age?: number | undefined;
  readonly channel?: string | undefined;
}

/** Adding 0 turns the -0 that JSON can carry into 0. */
function message(kind: DeviceKind, common: Common, value: number | null, detail: Detail | null): DeviceMessage {
  return {
    kind,
    channel: common.channel ?? null,
    value: value === null ? null : value + 0,
    detail,
    at: common.at === undefined ? null : Math.floor(common.at),
    age: common.age === undefined ? null : Math.floor(common.age) + 0,
    boot: common.boot === undefined ? null : common.boot + 0,
    seq: common.seq === undefined ? null : common.seq + 0,
  };
}

function tapDetail({ card, tag, guard }: Payloads["tap"]): Detail {
  if (card !== undefined) return { card: card.toUpperCase() };
  const uid = (tag ?? "").toUpperCase();
  return guard === undefined ? { tag: uid } : { tag: uid, guard };
}

function statusDetail({ battery_volts, rssi_dbm, uptime_seconds, firmware }: Payloads["status"]): Detail | null {
  const detail: Record<string, number | string> = {};
  if (battery_volts !== undefined) detail["battery_volts"] = battery_volts + 0;
  if (rssi_dbm !== undefined) detail["rssi_dbm"] = rssi_dbm + 0;
  if (uptime_seconds !== undefined) detail["uptime_seconds"] = uptime_seconds + 0;
  if (firmware !== undefined) detail["firmware"] = firmware;
  return Object.keys(detail).length === 0 ? null : detail;
}

/** How a valid payload of each kind becomes a message. */
export const toMessage: { readonly [K in DeviceKind]: (payload: Payloads[K]) => DeviceMessage } = {
  tap: (payload) => message("tap", payload, null, tapDetail(payload)),
  level: (payload) => message("level", payload, payload.metres, null),
  temperature: (payload) => message("temperature", payload, payload.celsius, null),
  pressure: (payload) => message("pressure", payload, payload.kilopascals, null),
  contact: (payload) => message("contact", payload, payload.closed ? 1 : 0, null),
  count: (payload) => message("count", payload, payload.total, null),
  status: (payload) => message("status", payload, null, statusDetail(payload)),
};

/** The whole of the contract for a payload: it makes a message of anything that keeps it, and names what doesn't. */
export const messageSchemas: Readonly<Record<DeviceKind, z.ZodType<DeviceMessage>>> = {
  tap: payloads.tap.transform(toMessage.tap),
  level: payloads.level.transform(toMessage.level),
  temperature: payloads.temperature.transform(toMessage.temperature),
  pressure: payloads.pressure.transform(toMessage.pressure),
  contact: payloads.contact.transform(toMessage.contact),
  count: payloads.count.transform(toMessage.count),
  status: payloads.status.transform(toMessage.status),
};
