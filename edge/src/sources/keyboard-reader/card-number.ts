/** How a reader writes a card's UID. */
export const numberFormats = ["decimal", "decimal_reversed", "hex", "hex_reversed"] as const;
export type NumberFormat = (typeof numberFormats)[number];

/** UIDs of 4, 7 or 10 bytes (ISO 14443), or the 5 bytes of a 125 kHz card. */
const hexNumber = /^(?:[0-9A-F]{8}|[0-9A-F]{10}|[0-9A-F]{14}|[0-9A-F]{20})$/;
/** 4 bytes as a number of 10 digits. */
const decimalNumber = /^\d{10}$/;
const largest = 0xffff_ffff;

/** The UID, upper-case hex, bytes in the order in which a PN532 tells them; undefined where the text is none. */
export function uidOf(text: string, format: NumberFormat): string | undefined {
  const hex = format.startsWith("hex") ? text : decimalNumber.test(text) ? hexOf(Number(text)) : "";
  if (!hexNumber.test(hex)) return undefined;
  return format.endsWith("reversed")
    ? Buffer.from(Buffer.from(hex, "hex").toReversed()).toString("hex").toUpperCase()
    : hex;
}

function hexOf(value: number): string {
  return value > largest ? "" : value.toString(16).toUpperCase().padStart(8, "0");
}
