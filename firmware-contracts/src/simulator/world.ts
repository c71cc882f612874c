import type { Measure, Site, SiteDevice } from "@gengfu/shared/model/site";
import { createBoiler, stepBoiler, type Boiler } from "./boiler.ts";
import { createFirePanel, pressContact, stepFirePanel, type FirePanel } from "./fire-panel.ts";
import { createGate, stepGate, type Gate } from "./gate.ts";
import type { Measurement, Moment, Outlet } from "./moment.ts";
import { stepPatrol, type Patrol } from "./patrol.ts";
import { stepStatus } from "./status.ts";
import { createTank, stepTank, type Tank } from "./tank.ts";

/** All that happens at a site. A value: `step` makes the next one. */
export interface World {
  readonly seed: number;
  readonly elapsed_ms: number;
  /** Time of the day at the site when the world began, milliseconds since midnight. */
  readonly began_ms: number;
  readonly devices: readonly string[];
  readonly tanks: readonly Tank[];
  readonly boilers: readonly Boiler[];
  readonly panels: readonly FirePanel[];
  readonly gates: readonly Gate[];
  readonly patrol: Patrol;
}

/** Longest piece that time is cut into. */
export const step_ms_max = 1_000;
const day_ms = 86_400_000;
const tank_metres = 3;

/**
 * The world of a site, by the types of its devices and what they measure; a device of another type has only its status.
 * `began_ms` is the time of the day at the site, milliseconds since midnight.
 */
export function createWorld(site: Site, began_ms: number, seed: number): World {
  const ofType = (type: SiteDevice["type"]): SiteDevice[] => site.devices.filter((device) => device.type === type);
  return {
    seed,
    elapsed_ms: 0,
    began_ms,
    devices: site.devices.map(({ id }) => id),
    tanks: ofType("tank").flatMap((device) =>
      measuresOf(device, "level").map((measure) =>
        createTank(outlet(device, measure), /fire/i.test(device.id) ? "fire" : "domestic", measure.max ?? tank_metres),
      ),
    ),
    boilers: ofType("boiler").map((device) => {
      const temperatures = measuresOf(device, "temperature").map((measure) => outlet(device, measure));
      return createBoiler({
        supply: temperatures.filter(({ channel }) => channel !== "return"),
        return: temperatures.filter(({ channel }) => channel === "return"),
        pressure: measuresOf(device, "pressure").map((measure) => outlet(device, measure)),
      });
    }),
    panels: ofType("fire_panel").map((device) =>
      createFirePanel(measuresOf(device, "contact").map((measure) => outlet(device, measure))),
    ),
    gates: ofType("gate").flatMap((device) =>
      measuresOf(device, "count").map((measure) => createGate(outlet(device, measure))),
    ),
    patrol: {
      readers: readersInOrder(site),
      cards: site.people.flatMap(({ role, card }) => (role === "guard" && card !== undefined ? [card] : [])),
    },
  };
}

/** Lets time pass; what the devices measured meanwhile, in order. */
export function step(world: World, dt_ms: number): { world: World; measurements: Measurement[] } {
  let current = world;
  const measurements: Measurement[] = [];
  for (let left_ms = dt_ms; left_ms > 0; left_ms -= step_ms_max) {
    const next = stepOnce(current, Math.min(left_ms, step_ms_max));
    current = next.world;
    measurements.push(...next.measurements);
  }
  return { world: current, measurements };
}

/** The step of so many milliseconds that a world takes next. */
export function momentOf(world: World, dt_ms: number): Moment {
  const elapsed_ms = world.elapsed_ms + dt_ms;
  const hour = ((world.began_ms + elapsed_ms) % day_ms) / 3_600_000;
  return { seed: world.seed, previous_ms: world.elapsed_ms, elapsed_ms, hour };
}

/** Lets at most `step_ms_max` pass. */
export function stepOnce(world: World, dt_ms: number): { world: World; measurements: Measurement[] } {
  const moment = momentOf(world, dt_ms);
  const { elapsed_ms } = moment;
  const panels = world.panels.map((panel) => stepFirePanel(panel, moment));
  const tanks = world.tanks.map((tank) => stepTank(tank, moment));
  const boilers = world.boilers.map((boiler) => stepBoiler(boiler, moment));
  const gates = world.gates.map((gate) => stepGate(gate, moment));
  return {
    world: {
      ...world,
      elapsed_ms,
      panels: panels.map(({ panel }) => panel),
      tanks: tanks.map(({ tank }) => tank),
      boilers: boilers.map(({ boiler }) => boiler),
      gates: gates.map(({ gate }) => gate),
    },
    measurements: [
      ...panels.flatMap(({ measurements }) => measurements),
      ...stepPatrol(world.patrol, moment),
      ...tanks.flatMap(({ measurements }) => measurements),
      ...boilers.flatMap(({ measurements }) => measurements),
      ...gates.flatMap(({ measurements }) => measurements),
      ...world.devices.flatMap((device) => stepStatus(device, moment)),
    ],
  };
}

/** Closes a channel of every fire panel for a while. */
export function pressEveryPanel(world: World, channel: string, duration_ms: number): World {
  const until_ms = world.elapsed_ms + duration_ms;
  return { ...world, panels: world.panels.map((panel) => pressContact(panel, channel, until_ms)) };
}

function measuresOf(device: SiteDevice, kind: Measure["kind"]): Measure[] {
  return device.measures.filter((measure) => measure.kind === kind);
}

function outlet(device: SiteDevice, measure: Measure): Outlet {
  return { device: device.id, channel: measure.channel };
}

/** The fixed readers in the order of the site's first route, then those that it doesn't touch. */
function readersInOrder(site: Site): Outlet[] {
  const route = (site.routes[0]?.checkpoints ?? []).flatMap((id) => {
    const device = site.checkpoints.find((point) => point.id === id)?.device;
    return device === undefined ? [] : [device];
  });
  const rank = (id: string): number => (route.includes(id) ? route.indexOf(id) : route.length);
  return site.devices
    .filter(({ type }) => type === "reader")
    .toSorted((a, b) => rank(a.id) - rank(b.id))
    .map((device) => ({ device: device.id, channel: measuresOf(device, "tap")[0]?.channel }));
}
