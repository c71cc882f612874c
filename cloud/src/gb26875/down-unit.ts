import type { SystemPart } from "./data-unit.ts";

/**
 * Data of GB/T 26875.3-2011, 8.3.2. Where transcriptions of the standard differ, this follows the published frames: 90
 * carries the 6 bytes of the time, and 91 the minutes that the duty desk has for its answer, not a reserved 0.
 */
export const downType = {
  read_system_state: 61,
  read_unit_state: 81,
  read_unit_version: 85,
  read_unit_time: 88,
  set_clock: 90,
  post_check: 91,
} as const;

const reserved = 0;

export function readUnit(what: "state" | "version" | "time"): Uint8Array {
  return Uint8Array.of(downType[`read_unit_${what}`], 1, reserved);
}

export function readSystemState({ system, address }: SystemPart): Uint8Array {
  return Uint8Array.of(downType.read_system_state, 1, system, address);
}

export function setClock(time: Uint8Array): Uint8Array {
  return Uint8Array.of(downType.set_clock, 1, ...time);
}

export function postCheck(minutes: number): Uint8Array {
  return Uint8Array.of(downType.post_check, 1, minutes);
}
