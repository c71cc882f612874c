import type { MappingInput } from "../mapping-schema.ts";
import { discovery, type Preset } from "./preset.ts";

/** What stands between `%prefix%` and `%topic%` in whichever order the device's FullTopic has them. */
const both = (prefix: string, rest: string, more: Omit<MappingInput, "topic"> = {}): MappingInput[] => [
  { topic: `${prefix}/{device}/${rest}`, ...more },
  { topic: `{device}/${prefix}/${rest}`, ...more },
];

const relays = ["POWER", ...Array.from({ length: 8 }, (_, index) => `POWER${index + 1}`)];

/** Tasmota: https://tasmota.github.io/docs/MQTT/, with a FullTopic of `%prefix%/%topic%/` or `%topic%/%prefix%/`. */
export const tasmota: Preset = {
  base: "",
  topics: ["tele/#", "stat/#", "cmnd/#", "+/tele/#", "+/stat/#", "+/cmnd/#"],
  aside: [discovery, "tasmota/discovery/{device*}"],
  mappings: [
    ...both("tele", "LWT", { values: [{ kind: "state" }] }),
    ...both("tele", "SENSOR", {
      // what meters power has a temperature of its own, and so has the chip
      except: ["ENERGY", "ESP32"],
      values: [
        { path: "{name}.Temperature", kind: "temperature", unit_path: "TempUnit" },
        { path: "ANALOG.Temperature{n}", name: "Temperature{n}", kind: "temperature", unit_path: "TempUnit" },
        { path: "Switch{n}", name: "Switch{n}", kind: "contact", several: true },
        { path: "COUNTER.{name}", kind: "count", several: true },
        { path: "{name}.Distance", several: true },
      ],
    }),
    ...both("tele", "STATE", {
      values: [
        { path: "Wifi.Signal", kind: "status", field: "rssi_dbm" },
        { path: "UptimeSec", kind: "status", field: "uptime_seconds" },
      ],
    }),
    ...relays.flatMap((relay) => both("stat", relay, { values: [{ name: relay, kind: "contact", several: true }] })),
    ...["tele", "stat", "cmnd"].flatMap((prefix) => both(prefix, "{rest*}")),
  ],
};
