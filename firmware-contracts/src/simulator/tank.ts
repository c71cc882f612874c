import { hours, isDue, measurement, rounded, type Measurement, type Moment, type Outlet } from "./moment.ts";
import { noiseWithin } from "./noise.ts";

/** How water goes out of a tank and in again; shares of its height. */
interface Habit {
  readonly start: number;
  /** The float switch starts the pump here and stops it at `full`. */
  readonly refill: number;
  readonly full: number;
  /** Use by day and by night, and what the pump brings, for each hour. */
  readonly day: number;
  readonly night: number;
  readonly pump: number;
}

/** The fire tank only loses what drips; the domestic one is drawn from by day and filled about twice a day. */
const habits = {
  fire: { start: 0.95, refill: 0.92, full: 0.97, day: 0.003, night: 0.003, pump: 0.1 },
  domestic: { start: 0.72, refill: 0.4, full: 0.93, day: 0.11, night: 0.008, pump: 0.6 },
} as const satisfies Record<string, Habit>;

export interface Tank {
  readonly outlet: Outlet;
  readonly habit: Habit;
  readonly height_metres: number;
  readonly metres: number;
  readonly refilling: boolean;
}

export function createTank(outlet: Outlet, use: keyof typeof habits, height_metres: number): Tank {
  const habit = habits[use];
  return { outlet, habit, height_metres, metres: habit.start * height_metres, refilling: false };
}

const report_every_ms = 10_000;
/** Waves and the probe's resolution. */
const wobble_metres = 0.003;

export function stepTank(tank: Tank, moment: Moment): { tank: Tank; measurements: Measurement[] } {
  const { habit, height_metres, outlet } = tank;
  const minute = Math.floor(moment.elapsed_ms / 60_000);
  const busy = noiseWithin(0.2, 1.8, moment.seed, outlet.device, minute);
  const use = (isDay(moment.hour) ? habit.day : habit.night) * busy;
  const share = tank.metres / height_metres + ((tank.refilling ? habit.pump : 0) - use) * hours(moment);
  const metres = Math.min(Math.max(share, 0), 1) * height_metres;
  const refilling = tank.refilling ? share < habit.full : share < habit.refill;
  const next = { ...tank, metres, refilling };
  if (!isDue(moment, report_every_ms)) return { tank: next, measurements: [] };
  const wobble = noiseWithin(-wobble_metres, wobble_metres, moment.seed, outlet.device, moment.elapsed_ms);
  const shown = rounded(Math.max(0, metres + wobble), 3);
  return { tank: next, measurements: [measurement(outlet, "level", { metres: shown })] };
}

function isDay(hour: number): boolean {
  return hour >= 6 && hour < 22;
}
