import { discovery, type Preset } from "./preset.ts";

/** Zigbee2MQTT with its output `json`: https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html */
export const zigbee2mqtt: Preset = {
  base: "zigbee2mqtt",
  topics: ["#"],
  aside: [discovery],
  mappings: [
    { topic: "bridge/state", values: [{ path: ["state", ""], kind: "bridge" }] },
    { topic: "bridge/{rest*}" },
    { topic: "{device*}/availability", values: [{ path: ["state", ""], kind: "state" }] },
    { topic: "{device*}/set" },
    { topic: "{device*}/get" },
    {
      topic: "{device*}",
      time: "last_seen",
      values: [
        // true is closed, false is open
        { path: "contact", kind: "contact" },
        ...["water_leak", "smoke", "gas", "carbon_monoxide", "occupancy"].map((path) => ({
          path,
          kind: "contact" as const,
        })),
        ...["state", "tamper", "battery_low", "vibration"].map((path) => ({
          path,
          kind: "contact" as const,
          several: true,
        })),
        { path: "temperature", kind: "temperature" },
        { path: "liquid_depth", kind: "level", unit: "metres" },
        // millivolts of a battery; that of a plug is the mains'
        { path: "voltage", kind: "status", field: "battery_volts", scale: 0.001, beside: "battery" },
      ],
    },
  ],
};
