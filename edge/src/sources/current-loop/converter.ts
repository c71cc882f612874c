/** What the files of an input say; each may be anything. */
export interface ConverterTexts {
  readonly raw: string;
  readonly scale: string;
  /** Null where the converter has none. */
  readonly offset: string | null;
}

/**
 * The current through the resistor at a converter's input, mA, or null where the files don't say. Their voltage is
 * (raw + offset) * scale, in mV (Documentation/ABI/testing/sysfs-bus-iio of Linux).
 */
export function milliampsOf({ raw, scale, offset }: ConverterTexts, shunt_ohms: number): number | null {
  const millivolts = (numberOf(raw) + numberOf(offset ?? "0")) * numberOf(scale);
  const milliamps = millivolts / shunt_ohms;
  return Number.isFinite(milliamps) ? milliamps : null;
}

function numberOf(text: string): number {
  return /^\s*-?\d{1,12}(\.\d{1,12})?\s*$/.test(text) ? Number(text) : Number.NaN;
}
