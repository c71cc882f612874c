import { hours, isDue, measurement, type Measurement, type Moment, type Outlet } from "./moment.ts";
import { noise } from "./noise.ts";

export interface Gate {
  readonly outlet: Outlet;
  /** People since the gate was switched on. */
  readonly total: number;
}

/** About a hundred people on a day, nearly all within opening hours. */
const people_per_hour_open = 11;
const people_per_hour_closed = 0.3;
const report_every_ms = 60_000;

export function createGate(outlet: Outlet): Gate {
  return { outlet, total: 0 };
}

/** Someone passes, or no one: steps must be short against the time between two people. */
export function stepGate(gate: Gate, moment: Moment): { gate: Gate; measurements: Measurement[] } {
  const open = moment.hour >= 8 && moment.hour < 17;
  const chance = (open ? people_per_hour_open : people_per_hour_closed) * hours(moment);
  const passed = noise(moment.seed, gate.outlet.device, moment.elapsed_ms) < chance;
  const next = passed ? { ...gate, total: gate.total + 1 } : gate;
  const report = passed || isDue(moment, report_every_ms);
  return { gate: next, measurements: report ? [measurement(gate.outlet, "count", { total: next.total })] : [] };
}
