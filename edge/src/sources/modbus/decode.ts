import { valueOf, type LoopFault } from "../current-loop/calibration.ts";
import { isBitFunction, wordsOf, type ModbusRegister } from "./schema.ts";

export type RegisterOutcome =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "fault"; readonly fault: RegisterFault; readonly raw: number };

export type RegisterFault = LoopFault | "invalid" | "implausible";

/** Where each byte of the value, highest first, stands among those that were sent. */
const places = { ABCD: [0, 1, 2, 3], CDAB: [2, 3, 0, 1], BADC: [1, 0, 3, 2], DCBA: [3, 2, 1, 0] } as const;

/** Digits that a value of the type carries; what scaling adds beyond them is rounding. */
const digits = { float32: 7, other: 12 };

/** The value of a register, in its kind's unit, of the 16-bit words (or the coil, 0 or 1) that were read for it. */
export function decodeRegister(register: ModbusRegister, words: readonly number[]): RegisterOutcome {
  const raw = rawOf(register, words);
  const fault = (what: RegisterFault): RegisterOutcome => ({ kind: "fault", fault: what, raw });
  if (!Number.isFinite(raw)) return fault("no_number");
  if (register.invalid.includes(raw)) return fault("invalid");
  if (register.type === "bool") return { kind: "value", value: (raw === 1) === register.inverted ? 0 : 1 };
  const scaled = raw * register.scale + register.offset;
  if (!Number.isFinite(scaled)) return fault("no_number");
  const read = register.current_loop === undefined ? scaled : valueOf(register.current_loop, scaled);
  if (typeof read === "object" && read.kind === "fault") return fault(read.fault);
  const value = Number((typeof read === "object" ? read.value : read).toPrecision(digitsOf(register)));
  const { min = -Infinity, max = Infinity } = register;
  if (value < min || value > max || !isPossible(register, value)) return fault("implausible");
  // a transmitter may go a little below its zero, but a tank can't
  return { kind: "value", value: register.kind === "level" ? Math.max(0, value) : value };
}

function digitsOf({ type }: ModbusRegister): number {
  return type === "float32" ? digits.float32 : digits.other;
}

/** Whether a value can be of its kind at all. */
function isPossible({ kind, current_loop }: ModbusRegister, value: number): boolean {
  switch (kind) {
    case "count":
      return Number.isSafeInteger(value) && value >= 0;
    case "temperature":
      return value >= -273.15;
    case "level":
      return current_loop !== undefined || value >= 0;
    default:
      return true;
  }
}

function rawOf({ function: what, type, bit, order }: ModbusRegister, words: readonly number[]): number {
  const [first = Number.NaN, second = Number.NaN] = words;
  if (Number.isNaN(first) || (wordsOf(type) === 2 && Number.isNaN(second))) return Number.NaN;
  if (isBitFunction(what)) return first;
  const sent = new DataView(new ArrayBuffer(4));
  const value = new DataView(new ArrayBuffer(4));
  sent.setUint16(0, first);
  sent.setUint16(2, wordsOf(type) === 2 ? second : 0);
  // of one word only the order of its bytes counts
  const place = wordsOf(type) === 2 ? places[order] : places[order === "BADC" || order === "DCBA" ? "BADC" : "ABCD"];
  place.forEach((from, to) => value.setUint8(to, sent.getUint8(from)));
  switch (type) {
    case "int16":
      return value.getInt16(0);
    case "uint16":
      return value.getUint16(0);
    case "int32":
      return value.getInt32(0);
    case "uint32":
      return value.getUint32(0);
    case "float32":
      return value.getFloat32(0);
    case "bool":
      return (value.getUint16(0) >> bit) & 1;
  }
}
