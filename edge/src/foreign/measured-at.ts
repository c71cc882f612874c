import { ranges } from "@gengfu/firmware-contracts/contract/limits";

/** Epoch seconds are below, milliseconds above, for some thousand years. */
const seconds_max = 100_000_000_000;

/**
 * When something was measured, epoch milliseconds: ISO 8601 with its zone, or a number of seconds or milliseconds. Null
 * where the payload doesn't tell, as with a local time, or where its clock was never set.
 */
export function measuredAt(told: unknown): number | null {
  const at = typeof told === "number" ? (told < seconds_max ? told * 1_000 : told) : instantOf(told);
  return at !== null && at >= ranges.at.min && at <= ranges.at.max ? Math.floor(at) : null;
}

function instantOf(told: unknown): number | null {
  if (typeof told !== "string") return null;
  try {
    return Temporal.Instant.from(told).epochMilliseconds;
  } catch {
    // no time, or a local one
    return null;
  }
}
