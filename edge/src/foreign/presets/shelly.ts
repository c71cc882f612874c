import type { MappingInput } from "../mapping-schema.ts";
import { discovery, type Preset } from "./preset.ts";

/** Of the first generation: https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support */
const first: MappingInput[] = [
  { topic: "shellies/{device}/online", values: [{ kind: "state" }] },
  {
    topic: "shellies/{device}/relay/{n}",
    values: [{ name: "relay-{n}", kind: "contact", several: true, texts: { overpower: false } }],
  },
  { topic: "shellies/{device}/input/{n}", values: [{ name: "input-{n}", kind: "contact", several: true }] },
  { topic: "shellies/{device}/sensor/flood", values: [{ name: "flood", kind: "contact" }] },
  { topic: "shellies/{device}/sensor/state", values: [{ name: "state", kind: "contact" }] },
  // degrees Celsius unless the device is set otherwise
  { topic: "shellies/{device}/sensor/temperature", values: [{ name: "temperature", kind: "temperature" }] },
  {
    topic: "shellies/{device}/ext_temperature/{n}",
    values: [{ name: "ext-{n}", kind: "temperature", several: true }],
  },
  {
    topic: "shellies/{device}/info",
    values: [
      { path: "wifi_sta.rssi", kind: "status", field: "rssi_dbm" },
      { path: "uptime", kind: "status", field: "uptime_seconds" },
    ],
  },
  { topic: "shellies/{rest*}" },
];

/** The components that tell something, from the second generation on. */
const components = (prefix: string): NonNullable<MappingInput["values"]> => [
  { path: `${prefix}switch:{n}.output`, name: "switch-{n}", kind: "contact", several: true },
  { path: `${prefix}input:{n}.state`, name: "input-{n}", kind: "contact", several: true },
  { path: `${prefix}flood:0.alarm`, name: "flood-0", kind: "contact" },
  // that on the board, and those of an add-on
  { path: `${prefix}temperature:0.tC`, name: "temperature-0", kind: "temperature" },
  { path: `${prefix}temperature:{n}.tC`, name: "temperature-{n}", kind: "temperature", several: true },
  { path: `${prefix}devicepower:{n}.battery.V`, kind: "status", field: "battery_volts" },
  { path: `${prefix}wifi.rssi`, kind: "status", field: "rssi_dbm" },
  { path: `${prefix}sys.uptime`, kind: "status", field: "uptime_seconds" },
];

/** From the second on: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt */
const later: MappingInput[] = [
  { topic: "{device}/online", values: [{ kind: "state" }] },
  { topic: "{device}/events/rpc", time: "params.ts", values: components("params.") },
  // each component by itself, the payload being what stands below its key above
  {
    topic: "{device}/status/temperature:0",
    values: [{ path: "tC", name: "temperature-0", kind: "temperature" }],
  },
  { topic: "{device}/status/flood:0", values: [{ path: "alarm", name: "flood-0", kind: "contact" }] },
  {
    topic: "{device}/status/{name}",
    values: [
      { path: "output", kind: "contact", several: true, name: "{name}" },
      { path: "state", kind: "contact", several: true, name: "{name}" },
      { path: "tC", kind: "temperature", several: true, name: "{name}" },
      { path: "battery.V", kind: "status", field: "battery_volts" },
      { path: "rssi", kind: "status", field: "rssi_dbm" },
    ],
  },
  { topic: "{device}/rpc" },
  { topic: "{device}/events/{rest*}" },
  { topic: "{device}/debug/{rest*}" },
];

export const shelly: Preset = {
  base: "",
  topics: ["#"],
  aside: [discovery],
  mappings: [...first, ...later],
};
