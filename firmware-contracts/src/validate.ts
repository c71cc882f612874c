import type { DeviceKind } from "@gengfu/shared/model/reading";
import { channelPattern, counter, ranges, textPattern, uidPattern, type Range } from "./contract/limits.ts";
import { toMessage, type DeviceMessage } from "./contract/message.ts";
import type { Payloads } from "./contract/payloads.ts";

/** Every field that the contract knows, of any type. */
type Fields = { readonly [K in KnownField]?: unknown };
type KeysOf<Payload> = Payload extends unknown ? keyof Payload : never;
type KnownField = KeysOf<Payloads[DeviceKind]>;

/**
 * The zod schemas once more, by hand, since they are asked for each publish. They hold exactly the same as the schemas
 * (`validate.test.ts` proves it) but tell only yes or no.
 */
const validators: { readonly [K in DeviceKind]: (fields: Fields) => fields is Fields & Payloads[K] } = {
  tap: (fields): fields is Fields & Payloads["tap"] =>
    hasCommon(fields) &&
    (fields.tag === undefined
      ? isUid(fields.card) && fields.guard === undefined
      : fields.card === undefined && isUid(fields.tag) && (fields.guard === undefined || isText(fields.guard))),
  level: (fields): fields is Fields & Payloads["level"] => isWithin(fields.metres, ranges.metres) && hasCommon(fields),
  temperature: (fields): fields is Fields & Payloads["temperature"] =>
    isWithin(fields.celsius, ranges.celsius) && hasCommon(fields),
  pressure: (fields): fields is Fields & Payloads["pressure"] =>
    isWithin(fields.kilopascals, ranges.kilopascals) && hasCommon(fields),
  contact: (fields): fields is Fields & Payloads["contact"] => typeof fields.closed === "boolean" && hasCommon(fields),
  count: (fields): fields is Fields & Payloads["count"] => isCounter(fields.total) && hasCommon(fields),
  status: (fields): fields is Fields & Payloads["status"] =>
    hasCommon(fields) &&
    (fields.battery_volts === undefined || isWithin(fields.battery_volts, ranges.battery_volts)) &&
    (fields.rssi_dbm === undefined || isWithin(fields.rssi_dbm, ranges.rssi_dbm)) &&
    (fields.uptime_seconds === undefined || isWithin(fields.uptime_seconds, ranges.uptime_seconds)) &&
    (fields.firmware === undefined || isText(fields.firmware)),
};

/** The message of a payload that keeps the contract, or undefined where it doesn't; the schema then says why. */
export function validate<K extends DeviceKind>(kind: K, fields: object): DeviceMessage | undefined {
  return validators[kind](fields) ? toMessage[kind](fields) : undefined;
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
