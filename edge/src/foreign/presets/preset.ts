import { mapping, type Mapping, type MappingInput } from "../mapping-schema.ts";

/** What the devices of one maker or bridge publish, and what is of interest in it. */
export interface Preset {
  /** What their topics begin with, unless the bridge says otherwise; empty for nothing. */
  readonly base: string;
  /** Filters below the base of what they may use. */
  readonly topics: readonly string[];
  /** Mappings with topics below the base; of several that fit the first counts. */
  readonly mappings: readonly MappingInput[];
  /** Topics outside of the base that they use besides, and that hold nothing of interest. */
  readonly aside: readonly string[];
}

/** Where Home Assistant is told what there is; most projects publish it unless that is switched off. */
export const discovery = "homeassistant/{device*}";

/** The mappings and topics of a preset for a base. */
export function withBase(preset: Preset, base = preset.base): { topics: string[]; mappings: Mapping[] } {
  const below = (topic: string): string => (base === "" ? topic : `${base}/${topic}`);
  return {
    topics: [...preset.topics.map(below), ...preset.aside.map((topic) => topic.replace(/\{.*/, "#"))],
    mappings: [
      ...preset.aside.map((topic) => mapping.parse({ topic })),
      ...preset.mappings.map((one) => mapping.parse({ ...one, topic: below(one.topic) })),
    ],
  };
}
