import type { Reading } from "../model/reading.ts";

/** The time of one run of a gateway's machine: epoch milliseconds are milliseconds since its boot and `offset_ms`. */
export interface BootTime {
  readonly boot: number;
  readonly offset_ms: number;
}

/** Clocks that differ by no more show the same time. */
export const tolerance_ms = 2_000;

/**
 * A reading whose time was unsure, by the time of its boot as it became known. The gateway's time of it is made anew
 * from the machine's, which nobody can set; a time that the device told stays as it is, and so does one that turns
 * out right within `tolerance_ms`. A reading that was sure comes back as it is.
 */
export function correct<Unsure extends Reading>(reading: Unsure, offset_ms: number): Unsure {
  const { sinceBoot, ...sure } = reading;
  if (sinceBoot === undefined) return reading;
  const receivedAt = sinceBoot.ms + offset_ms;
  const shift_ms = receivedAt - reading.receivedAt;
  const isOff = Math.abs(shift_ms) > tolerance_ms;
  const result: Reading = isMoved(reading, isOff)
    ? { ...sure, at: reading.at + shift_ms, receivedAt, clock: "corrected" }
    : { ...sure, receivedAt: isOff ? receivedAt : reading.receivedAt };
  return result as Unsure;
}

function isMoved({ clock }: Reading, isOff: boolean): boolean {
  return clock === "unsynchronised" || (clock === "synchronised" && isOff);
}

/** What a `clock` reading tells; undefined for any other, and where it tells nothing of use. */
export function bootTimeOf({ kind, detail }: Pick<Reading, "kind" | "detail">): BootTime | undefined {
  if (kind !== "clock") return undefined;
  const boot = detail?.["boot"];
  const offset_ms = detail?.["offset_ms"];
  if (!isWhole(boot) || !isWhole(offset_ms)) return undefined;
  return { boot, offset_ms };
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
