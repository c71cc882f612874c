import { fieldsOfKind } from "./kind-fields.ts";
import type { MappedKind, ValueRule } from "./mapping-schema.ts";
import { units, type Unit } from "./units.ts";

/** What a value becomes, as its rule and the device's entry say. */
export type Conversion = Pick<ValueRule, "field" | "unit" | "scale" | "offset" | "texts" | "invert">;

const meanings: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  "1": true,
  closed: true,
  close: true,
  online: true,
  false: false,
  off: false,
  "0": false,
  open: false,
  opened: false,
  offline: false,
};
const decimals = 1e6;

/**
 * The fields of the contract's payload. What can't be converted stays as it came: the contract then says what is wrong
 * with it.
 */
export function convert(kind: Exclude<MappedKind, "state" | "bridge">, raw: unknown, how: Conversion): object {
  const { field } = how;
  if (kind === "contact") return { closed: asFlag(raw, how) };
  if (kind === "tap") return { card: typeof raw === "string" ? raw.replaceAll(/[\s:-]/g, "") : raw };
  if (kind === "status") return field === undefined ? {} : { [field]: field === "firmware" ? raw : asNumber(raw, how) };
  return { [fieldsOfKind[kind]]: asNumber(raw, how) };
}

/** Whether a contact is closed, or something online; what is neither stays as it came. */
export function asFlag(raw: unknown, { texts, invert }: Conversion): unknown {
  const text = typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean" ? String(raw) : "";
  const own = texts !== undefined && Object.hasOwn(texts, text) ? texts[text] : undefined;
  const word = text.toLowerCase();
  const meant = own ?? (Object.hasOwn(meanings, word) ? meanings[word] : undefined);
  return meant === undefined ? raw : meant !== (invert === true);
}

function asNumber(raw: unknown, { unit, scale = 1, offset = 0 }: Conversion): unknown {
  const value = typeof raw === "string" && isNumeric(raw) ? Number(raw) : raw;
  if (typeof value !== "number") return raw;
  const { zero, factor }: { zero: number; factor: number } =
    unit === undefined ? { zero: 0, factor: 1 } : units[unit satisfies Unit];
  const exact = (value - zero) * factor * scale + offset;
  const rounded = Math.round(exact * decimals) / decimals;
  return Number.isFinite(rounded) ? rounded : exact;
}

function isNumeric(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text.trim());
}
