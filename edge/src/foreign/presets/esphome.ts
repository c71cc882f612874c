import { discovery, type Preset } from "./preset.ts";

/**
 * ESPHome: https://esphome.io/components/mqtt, topics `PREFIX/TYPE/NAME/state`. A sensor doesn't tell what it measures:
 * its name is looked up among the device's channels, unless `values` says more.
 */
export const esphome: Preset = {
  base: "",
  topics: ["#"],
  aside: [discovery, "esphome/discover/{device*}"],
  mappings: [
    { topic: "{device}/status", values: [{ kind: "state" }] },
    {
      topic: "{device}/sensor/wifi_signal/state",
      values: [{ name: "wifi_signal", kind: "status", field: "rssi_dbm" }],
    },
    {
      topic: "{device}/sensor/uptime/state",
      values: [{ name: "uptime", kind: "status", field: "uptime_seconds" }],
    },
    { topic: "{device}/sensor/{name}/state", values: [{ several: true }] },
    { topic: "{device}/text_sensor/{name}/state", values: [{ several: true }] },
    { topic: "{device}/binary_sensor/{name}/state", values: [{ kind: "contact", several: true }] },
    { topic: "{device}/switch/{name}/state", values: [{ kind: "contact", several: true }] },
    // lights, covers, numbers and what else there is
    { topic: "{device}/{type}/{name}/state" },
    { topic: "{device}/debug" },
    { topic: "{device}/{type}/{name}/command" },
  ],
};
