/**
 * What a value may be. The ranges are those of the things watched with room to spare: they catch a sensor's error codes
 * (a DS18B20 that lost its wire reads -127 degC) and never a true value.
 */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export const ranges = {
  /** Epoch milliseconds, from 2000-01-01 to 2100-01-01 UTC: outside of it the device's clock was never set. */
  at: { min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) },
  /** Milliseconds; a leap year. */
  age: { min: 0, max: 366 * 86_400_000 },
  /** Metres; a probe's zero may drift a little below the bottom. */
  metres: { min: -0.5, max: 100 },
  celsius: { min: -100, max: 1_000 },
  /** Gauge pressure: a full vacuum is -101.325. */
  kilopascals: { min: -102, max: 100_000 },
  battery_volts: { min: 0, max: 100 },
  rssi_dbm: { min: -200, max: 50 },
  /** Seconds; a hundred years. */
  uptime_seconds: { min: 0, max: 3_155_760_000 },
} as const satisfies Record<string, Range>;

/** `seq`, `boot` and `total`: whole numbers that a double holds exactly. */
export const counter: Range = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** An identifier as the site file has it, written without flags so that JSON Schema can carry it. */
export const channelPattern = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/;

/** The UID of a card or tag: 4 to 10 bytes. */
export const uidPattern = /^(?:[0-9A-Fa-f]{2}){4,10}$/;

/** 1 to 64 characters, none of them a control character or half of a surrogate pair. */
export const textPattern = /^[ -~\u00a0-\ud7ff\ue000-\uffff\u{10000}-\u{10ffff}]{1,64}$/u;

/** The same in JSON Schema, whose patterns must do without flags; what it reads has no half surrogate pairs. */
export const textSchema = { minLength: 1, maxLength: 64, pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" } as const;

/** Size of a payload, bytes. */
export const payload_bytes_max = 64 * 1024;

/** Objects and lists within each other, the payload itself included. */
export const nesting_max = 16;
