import type { DeviceKind } from "@gengfu/shared/model/reading";

/** A step of the simulated world, from `previous_ms` (excluded) to `elapsed_ms`, both since its start. */
export interface Moment {
  readonly seed: number;
  readonly previous_ms: number;
  readonly elapsed_ms: number;
  /** Hour of the day by the site's clock, 0 to below 24, with its fraction. */
  readonly hour: number;
}

/** What a device measured; its connection adds `boot`, `seq` and, where it was kept back, `age`. */
export interface Measurement {
  readonly device: string;
  readonly kind: DeviceKind;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Where a model reports one measure of its device. */
export interface Outlet {
  readonly device: string;
  readonly channel: string | undefined;
}

export function measurement({ device, channel }: Outlet, kind: DeviceKind, fields: Measurement["fields"]): Measurement {
  return { device, kind, fields: channel === undefined ? fields : { channel, ...fields } };
}

export function hours({ previous_ms, elapsed_ms }: Moment): number {
  return (elapsed_ms - previous_ms) / 3_600_000;
}

/** Whether what is reported every so often is due: in the first step, and whenever a step crosses a multiple. */
export function isDue({ previous_ms, elapsed_ms }: Moment, every_ms: number): boolean {
  return previous_ms === 0 || Math.floor(previous_ms / every_ms) !== Math.floor(elapsed_ms / every_ms);
}

export function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
