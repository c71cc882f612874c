import type { DeviceKind } from "@gengfu/shared/model/reading";
import { channelPattern, counter, ranges, textPattern, uidPattern, type Range } from "./contract/limits.ts";
import { toMessage, type DeviceMessage } from "./contract/message.ts";
import type { Payloads } from "./contract/payloads.ts";

/** Every field that the contract knows, of any type. */
type Fields = { readonly [K in KnownField]?: unknown };
type KeysOf<Payload> = Payload extends unknown ? keyof Payload : never;
type KnownField = KeysOf<Payloads[DeviceKind]>;

/**
 * The schemas once more, by hand, since they are asked for each publish: a message of what keeps the contract, else
 * undefined, and the schema then says why. They hold exactly the same as `messageSchemas`; `validate.test.ts` proves it.
 */
export const validate: Readonly<Record<DeviceKind, (fields: object) => DeviceMessage | undefined>> = {
  tap: validator(isTap, toMessage.tap),
  level: validator(
    (fields): fields is Fields & Payloads["level"] => isWithin(fields.metres, ranges.metres) && hasCommon(fields),
    toMessage.level,
  ),
  temperature: validator(
    (fields): fields is Fields & Payloads["temperature"] =>
      isWithin(fields.celsius, ranges.celsius) && hasCommon(fields),
    toMessage.temperature,
  ),
  pressure: validator(
    (fields): fields is Fields & Payloads["pressure"] =>
      isWithin(fields.kilopascals, ranges.kilopascals) && hasCommon(fields),
    toMessage.pressure,
  ),
  contact: validator(
    (fields): fields is Fields & Payloads["contact"] => typeof fields.closed === "boolean" && hasCommon(fields),
    toMessage.contact,
  ),
  count: validator(
    (fields): fields is Fields & Payloads["count"] => isCounter(fields.total) && hasCommon(fields),
    toMessage.count,
  ),
  status: validator(isStatus, toMessage.status),
};

function validator<Payload>(
  holds: (fields: Fields) => fields is Fields & Payload,
  build: (payload: Payload) => DeviceMessage,
): (fields: Fields) => DeviceMessage | undefined {
  return (fields) => (holds(fields) ? build(fields) : undefined);
}

function isTap(fields: Fields): fields is Fields & Payloads["tap"] {
  const { card, tag, guard } = fields;
  if (!hasCommon(fields)) return false;
  if (tag === undefined) return isUid(card) && guard === undefined;
  return card === undefined && isUid(tag) && (guard === undefined || isText(guard));
}

function isStatus(fields: Fields): fields is Fields & Payloads["status"] {
  const { battery_volts, rssi_dbm, uptime_seconds, firmware } = fields;
  return (
    hasCommon(fields) &&
    (battery_volts === undefined || isWithin(battery_volts, ranges.battery_volts)) &&
    (rssi_dbm === undefined || isWithin(rssi_dbm, ranges.rssi_dbm)) &&
    (uptime_seconds === undefined || isWithin(uptime_seconds, ranges.uptime_seconds)) &&
    (firmware === undefined || isText(firmware))
  );
}

function hasCommon({ seq, boot, at, age, channel }: Fields): boolean {
  return (
    (seq === undefined || isCounter(seq)) &&
    (boot === undefined || isCounter(boot)) &&
    (channel === undefined || (typeof channel === "string" && channelPattern.test(channel))) &&
    (at === undefined ? age === undefined || isWithin(age, ranges.age) : age === undefined && isWithin(at, ranges.at))
  );
}

function isWithin(value: unknown, { min, max }: Range): value is number {
  return typeof value === "number" && value >= min && value <= max;
}

function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && isWithin(value, counter);
}

function isUid(value: unknown): value is string {
  return typeof value === "string" && uidPattern.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && textPattern.test(value);
}
