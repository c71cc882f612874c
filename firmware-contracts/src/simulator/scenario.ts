import type { Text } from "@gengfu/shared/model/text";
import { measurement, type Measurement, type Moment } from "./moment.ts";
import { noise, noiseWithin } from "./noise.ts";
import type { World } from "./world.ts";

/** What goes wrong in a world, and how. All of it depends on nothing but the world and its seed. */
export interface Course {
  /** Changes the world before it takes a step. */
  readonly disturb?: (world: World, moment: Moment) => World;
  /** Changes what the devices measured in a step. */
  readonly distort?: (measured: readonly Measurement[], moment: Moment) => Measurement[];
  /** The devices whose power fails in a step. */
  readonly reboots?: (moment: Moment) => string[];
}

export interface Scenario {
  readonly title: Text;
  readonly create: (world: World) => Course;
}

/** Until then all is well, so that a test has something to compare with. */
export const onset_ms = 30_000;

const leak_metres_per_hour = 1.2;
const flood_messages = 25;
/** How many a minute at each reader, of cards that are known and others. */
const taps_per_minute = 6;
const reboot_every_ms = { min: 20_000, max: 90_000 } as const;
/** What a clock that lost its battery starts with: epoch milliseconds. */
const lostClocks = [0, Date.UTC(2000, 0, 1)] as const;

const hasBegun = ({ elapsed_ms }: Moment): boolean => elapsed_ms > onset_ms;

export const scenarios = {
  calm: { title: { zh: "一切正常", en: "all is well" }, create: () => ({}) },

  leak: {
    title: { zh: "水箱漏水，水泵停转", en: "a quarter of the tanks leak, and their pumps stand still" },
    create: ({ tanks, seed }) => {
      const leaking = chosen(devicesOf(tanks.map(({ outlet }) => outlet)), seed, 0.25);
      return {
        disturb: (world, moment) => {
          if (!hasBegun(moment)) return world;
          const lost = (leak_metres_per_hour * (moment.elapsed_ms - moment.previous_ms)) / 3_600_000;
          const drain = (tank: World["tanks"][number]) =>
            leaking.has(tank.outlet.device)
              ? {
                  ...tank,
                  refilling: false,
                  metres: Math.max(0, tank.metres - lost),
                  habit: { ...tank.habit, refill: -1 },
                }
              : tank;
          return { ...world, tanks: world.tanks.map(drain) };
        },
      };
    },
  },

  "flame-out": {
    title: { zh: "锅炉熄火", en: "half of the boilers lose their flame" },
    create: ({ boilers, seed }) => {
      const cold = chosen(devicesOf(boilers.flatMap((boiler) => boiler.supply)), seed, 0.5);
      return {
        disturb: (world, moment) => {
          if (!hasBegun(moment)) return world;
          const boilers = world.boilers.map((boiler) =>
            boiler.supply.some(({ device }) => cold.has(device)) ? { ...boiler, flameOut: true } : boiler,
          );
          return { ...world, boilers };
        },
      };
    },
  },

  chatter: {
    title: { zh: "触点抖动", en: "a contact of every fire panel chatters" },
    create: () => ({
      disturb: (world, moment) => {
        if (!hasBegun(moment)) return world;
        const shake = (contact: World["panels"][number]["contacts"][number]) => {
          const { device, channel = "" } = contact.outlet;
          if (channel === "fire") return contact;
          const closed = noise(moment.seed, `${device}/${channel}`, moment.elapsed_ms) < 0.5;
          return { ...contact, closed_until_ms: closed ? moment.elapsed_ms + 1 : 0 };
        };
        return { ...world, panels: world.panels.map(({ contacts }) => ({ contacts: contacts.map(shake) })) };
      },
    }),
  },

  "clock-lost": {
    title: { zh: "设备时钟丢失(1970 年或 2000 年)", en: "a third of the devices say a time of 1970 or 2000" },
    create: ({ devices, seed }) => {
      const lost = chosen(devices, seed, 1 / 3);
      return {
        distort: (measured, moment) =>
          measured.map((one) => {
            if (!hasBegun(moment) || !lost.has(one.device)) return one;
            const start = noise(seed, one.device, 1) < 0.5 ? lostClocks[0] : lostClocks[1];
            return { ...one, fields: { ...one.fields, at: Math.floor(start + moment.elapsed_ms) } };
          }),
      };
    },
  },

  flood: {
    title: { zh: "消息洪水", en: "a tenth of the devices flood the gateway with messages" },
    create: ({ devices, seed }) => {
      const mad = chosen(devices, seed, 0.1);
      return {
        distort: (measured, moment) =>
          hasBegun(moment)
            ? [
                ...measured,
                ...[...mad].flatMap((device) => Array.from({ length: flood_messages }, () => sign(device, moment))),
              ]
            : [...measured],
      };
    },
  },

  "silent-sensor": {
    title: { zh: "传感器静默", en: "a fifth of the devices fall silent, though their line stands" },
    create: ({ devices, seed }) => {
      const silent = chosen(devices, seed, 0.2);
      return {
        distort: (measured, moment) => measured.filter(({ device }) => !hasBegun(moment) || !silent.has(device)),
      };
    },
  },

  reboot: {
    title: { zh: "设备反复重启", en: "a fifth of the devices lose their power again and again" },
    create: ({ devices, seed }) => {
      const weak = chosen(devices, seed, 0.2);
      return {
        reboots: ({ previous_ms, elapsed_ms }) =>
          [...weak].filter((device) => {
            const every_ms = noiseWithin(reboot_every_ms.min, reboot_every_ms.max, seed, device, 0);
            return Math.floor(previous_ms / every_ms) !== Math.floor(elapsed_ms / every_ms);
          }),
      };
    },
  },

  taps: {
    title: { zh: "频繁刷卡，含未知卡", en: "cards at every reader, one in ten of them unknown" },
    create: ({ patrol: { readers, cards }, seed }) => ({
      distort: (measured, moment) => {
        const chance = (taps_per_minute * (moment.elapsed_ms - moment.previous_ms)) / 60_000;
        const taps = readers.flatMap((reader) => {
          const draw = (what: string): number => noise(seed, `${reader.device}/${what}`, moment.elapsed_ms);
          if (draw("tap") >= chance) return [];
          const known = draw("known") < 0.9 ? cards[Math.floor(draw("card") * cards.length)] : undefined;
          return [measurement(reader, "tap", { card: known ?? unknownCard(draw("uid")) })];
        });
        return [...measured, ...taps];
      },
    }),
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name);
}

/** A share of the devices, at least one where there is any; the same ones for the same seed. */
function chosen(devices: readonly string[], seed: number, share: number): ReadonlySet<string> {
  const inOrder = devices.toSorted((a, b) => noise(seed, a, 0) - noise(seed, b, 0) || a.localeCompare(b));
  return new Set(inOrder.slice(0, Math.ceil(devices.length * share)));
}

function devicesOf(outlets: readonly { readonly device: string }[]): string[] {
  return [...new Set(outlets.map(({ device }) => device))];
}

function sign(device: string, { elapsed_ms }: Moment): Measurement {
  return { device, kind: "status", fields: { uptime_seconds: Math.floor(elapsed_ms / 1_000) } };
}

function unknownCard(draw: number): string {
  return `04${Math.floor(draw * 2 ** 24)
    .toString(16)
    .toUpperCase()
    .padStart(6, "0")}`;
}
