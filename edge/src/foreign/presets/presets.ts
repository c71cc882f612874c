import { esphome } from "./esphome.ts";
import type { Preset } from "./preset.ts";
import { shelly } from "./shelly.ts";
import { tasmota } from "./tasmota.ts";
import { zigbee2mqtt } from "./zigbee2mqtt.ts";

export const presets = { zigbee2mqtt, tasmota, esphome, shelly } as const satisfies Record<string, Preset>;
export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]];
