/** What bits and numbers of GB/T 26875.3-2011 mean here. Every channel of a contact is 1 while what it names is so. */

/** Table 5 of 8.2.1.1, from bit 0; 14 and 15 are reserved. Many devices leave bit 0 at 0 though they don't test. */
export const systemChannels = [
  "normal",
  "fire",
  "fault",
  "disabled",
  "supervisory",
  "started",
  "feedback",
  "delayed",
  "mains",
  "battery",
  "bus",
  "mode",
  "config-changed",
  "reset",
] as const;

/** 8.2.1.2. Bit 8 is the fault of its power. */
export const componentChannels = [...systemChannels.slice(0, 8), "power"] as const;

/** 8.2.1.8, the transmission device itself: `link` to the centre, `line` to what it watches. */
export const unitChannels = ["normal", "fire", "fault", "mains", "battery", "link", "line"] as const;

/** 8.2.1.4, done at the fire panel. */
export const systemOperations = [
  "op-reset",
  "op-silence",
  "op-manual-alarm",
  "op-alarm-cleared",
  "op-self-test",
  "op-confirm",
  "op-test",
] as const;

/** 8.2.1.9, done at the transmission device. */
export const unitOperations = [...systemOperations.slice(0, 5), "op-post-check", "op-test"] as const;

/** In both lists of operations. */
export const operationBit = { reset: 1 << 0, answer: 1 << 5 } as const;

/** What a reset of a panel ends, beside what the panel says itself: what latches. The others it tells anew. */
export const latching: readonly string[] = ["fire", "supervisory", "started", "feedback", "delayed"];

export type Quantity =
  | { readonly kind: "count" | "level" | "temperature" | "pressure"; readonly factor: number }
  /** Of none of our kinds: kept as a status with this in its detail, on a channel of this name. */
  | { readonly kind: "status"; readonly channel: string; readonly field: string; readonly factor: number };

/**
 * 8.2.1.3, by the type of the analogue value: into m, degC, kPa and pieces. Of type 5 one transcription gives the step
 * as 0.1 MPa, in a row whose unit is kPa; this follows the row's unit and the decoders in use.
 */
export const quantities: Readonly<Record<number, Quantity>> = {
  1: { kind: "count", factor: 1 },
  2: { kind: "level", factor: 0.01 },
  3: { kind: "temperature", factor: 0.1 },
  4: { kind: "pressure", factor: 100 },
  5: { kind: "pressure", factor: 0.1 },
  6: { kind: "status", channel: "gas", field: "gas_percent_lel", factor: 0.1 },
  7: { kind: "status", channel: "duration", field: "duration_seconds", factor: 1 },
  8: { kind: "status", channel: "voltage", field: "voltage_volts", factor: 0.1 },
  9: { kind: "status", channel: "current", field: "current_amperes", factor: 0.1 },
  10: { kind: "status", channel: "flow", field: "flow_litres_per_second", factor: 0.1 },
  11: { kind: "status", channel: "air-flow", field: "air_flow_cubic_metres_per_minute", factor: 0.1 },
  12: { kind: "status", channel: "air-speed", field: "air_speed_metres_per_second", factor: 1 },
};
