import { site as siteSchema, type Site } from "@gengfu/shared/model/site";

/** Of ten devices, so many are of each type. */
const mix = ["tank", "tank", "tank", "boiler", "boiler", "fire_panel", "reader", "reader", "gate", "tank"] as const;

const measures = {
  tank: [{ kind: "level", max: 3 }],
  boiler: [
    { kind: "temperature", channel: "supply" },
    { kind: "temperature", channel: "return" },
    { kind: "pressure" },
  ],
  fire_panel: [
    { kind: "contact", channel: "fire" },
    { kind: "contact", channel: "fault" },
    { kind: "contact", channel: "mains" },
  ],
  reader: [{ kind: "tap" }],
  gate: [{ kind: "count" }],
} as const;

export const fleet_max = 20_000;

/**
 * The site file of a fleet of devices that nobody has built: `tank-00001`, `boiler-00004` ... of all types, with one
 * password. As JSON it is a site file that an edge takes.
 */
export function fleetFile(devices: number, secret: string): Record<string, unknown> {
  const guards = Array.from({ length: 20 }, (_, index) => ({
    id: `guard-${index + 1}`,
    name: `Guard ${index + 1}`,
    role: "guard",
    card: `04F1EE70${String(index).padStart(2, "0")}0000`,
  }));
  return {
    id: "fleet",
    name: { zh: "模拟设备群", en: "Simulated fleet" },
    gateways: [{ id: "main-building", name: { zh: "网关", en: "Gateway" }, secret }],
    devices: Array.from({ length: devices }, (_, index) => {
      const type = mix[index % mix.length] ?? "tank";
      const id = `${type.replace("_", "-")}-${String(index + 1).padStart(5, "0")}`;
      return { id, name: id, type, secret, measures: measures[type] };
    }),
    people: guards,
  };
}

export function fleetSite(devices: number, secret: string): Site {
  return siteSchema.parse(fleetFile(devices, secret));
}
