import { hours, isDue, measurement, rounded, type Measurement, type Moment, type Outlet } from "./moment.ts";
import { noiseWithin } from "./noise.ts";

/** The burner starts at `low` and stops at `high`; the demo site's alarm stands at 85 degC. */
export const boilerBounds = { low_celsius: 62, high_celsius: 78 } as const;

const heating_celsius_per_hour = 150;
const cooling_celsius_per_hour = 60;
const surroundings_celsius = 18;
/** The loop loses this much between outlet and return; the return follows within minutes. */
const spread_celsius = 14;
const follow_per_hour = 20;
const report_every_ms = 10_000;

export interface Boiler {
  readonly supply: readonly Outlet[];
  readonly return: readonly Outlet[];
  readonly pressure: readonly Outlet[];
  readonly supply_celsius: number;
  readonly return_celsius: number;
  readonly burning: boolean;
  /** The flame is out and doesn't come back: the boiler cools down to its surroundings. */
  readonly flameOut: boolean;
}

export function createBoiler(outlets: Pick<Boiler, "supply" | "return" | "pressure">): Boiler {
  return { ...outlets, supply_celsius: 68, return_celsius: 68 - spread_celsius, burning: true, flameOut: false };
}

export function stepBoiler(boiler: Boiler, moment: Moment): { boiler: Boiler; measurements: Measurement[] } {
  const passed = hours(moment);
  const isHeating = boiler.burning && !boiler.flameOut;
  const change = isHeating ? heating_celsius_per_hour : -cooling_celsius_per_hour;
  const { high_celsius } = boilerBounds;
  const low_celsius = boiler.flameOut ? surroundings_celsius : boilerBounds.low_celsius;
  const supply_celsius = Math.min(Math.max(boiler.supply_celsius + change * passed, low_celsius), high_celsius);
  const burning = boiler.burning ? supply_celsius < high_celsius : supply_celsius <= low_celsius;
  const target = supply_celsius - spread_celsius;
  const return_celsius =
    boiler.return_celsius + (target - boiler.return_celsius) * (1 - Math.exp(-follow_per_hour * passed));
  const next = { ...boiler, supply_celsius, return_celsius, burning };
  if (!isDue(moment, report_every_ms)) return { boiler: next, measurements: [] };

  const wobble = (outlet: Outlet, size: number): number =>
    noiseWithin(-size, size, moment.seed, `${outlet.device}/${outlet.channel ?? ""}`, moment.elapsed_ms);
  const temperature =
    (value: number) =>
    (outlet: Outlet): Measurement =>
      measurement(outlet, "temperature", { celsius: rounded(value + wobble(outlet, 0.2), 1) });
  return {
    boiler: next,
    measurements: [
      ...next.supply.map(temperature(supply_celsius)),
      ...next.return.map(temperature(return_celsius)),
      ...next.pressure.map((outlet) =>
        measurement(outlet, "pressure", {
          kilopascals: rounded(pressureAt((supply_celsius + return_celsius) / 2) + wobble(outlet, 0.5), 1),
        }),
      ),
    ],
  };
}

/** A closed loop filled to 150 kPa cold; the expansion vessel takes up most of the water's growth. */
function pressureAt(mean_celsius: number): number {
  return 150 + 0.7 * (mean_celsius - 20);
}
