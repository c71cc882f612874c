/**
 * The time of GB/T 26875.3-2011, 8.2.2: second, minute, hour, day, month, year - 2000, a byte each, plain binary, by the
 * clock on the wall. Some public decoders read it as BCD; every published frame with a byte that is no BCD (1A for the
 * 26th, 3A for minute 58) says binary.
 */
export const time_bytes = 6;

/** Epoch milliseconds; undefined where the bytes are no time. An hour that the zone skips is the one after it. */
export function timeOf(bytes: Uint8Array, zone: string): number | undefined {
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 100] = bytes;
  if (year > 99) return undefined;
  const date = { second, minute, hour, day, month, year: 2000 + year };
  try {
    return Temporal.PlainDateTime.from(date, { overflow: "reject" }).toZonedDateTime(zone).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Seconds and less are cut off. Years that a byte can't say become the nearest that it can. */
export function timeTag(at: number, zone: string): Uint8Array {
  const { second, minute, hour, day, month, year } =
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  return Uint8Array.of(second, minute, hour, day, month, Math.min(99, Math.max(0, year - 2000)));
}

/** As it stands in the bytes, such as `2012-09-26 09:58:02`: also of what is no time. */
export function showTag(bytes: Uint8Array): string {
  const [second, minute, hour, day, month, year] = [...bytes].map((byte) => String(byte).padStart(2, "0"));
  return `20${year}-${month}-${day} ${hour}:${minute}:${second}`;
}
