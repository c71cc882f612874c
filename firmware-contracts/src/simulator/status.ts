import { isDue, type Measurement, type Moment } from "./moment.ts";
import { noiseWithin } from "./noise.ts";

const report_every_ms = 60_000;

/** The minute's report of a device on its own health. */
export function stepStatus(device: string, moment: Moment): Measurement[] {
  if (!isDue(moment, report_every_ms)) return [];
  const rssi_dbm = Math.round(
    noiseWithin(-72, -58, moment.seed, device, Math.floor(moment.elapsed_ms / report_every_ms)),
  );
  const uptime_seconds = Math.floor(moment.elapsed_ms / 1_000);
  return [{ device, kind: "status", fields: { rssi_dbm, uptime_seconds, firmware: "simulator-1" } }];
}
