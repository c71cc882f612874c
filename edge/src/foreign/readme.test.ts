import { readFileSync } from "node:fs";
import { join } from "node:path";
import { site } from "@gengfu/shared/model/site";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { foreignProblems } from "./check.ts";
import { ForeignMapper } from "./foreign-mapper.ts";
import { foreignSchema } from "./schema.ts";

const { devices } = site.parse({
  id: "court",
  name: "Court",
  gateways: [{ id: "g", name: "G", secret: "s" }],
  devices: [
    { id: "door-boiler-house", name: "Door", measures: [{ kind: "contact" }] },
    { id: "leak-pump-room", name: "Leak", measures: [{ kind: "contact" }, { kind: "temperature" }] },
    {
      id: "boiler-1",
      name: "Boiler",
      measures: [
        { kind: "temperature", channel: "supply" },
        { kind: "temperature", channel: "return" },
        { kind: "contact", channel: "valve" },
        { kind: "pressure" },
      ],
    },
    { id: "tank-fire", name: "Tank", measures: [{ kind: "level" }] },
    { id: "tank-domestic", name: "Tank", measures: [{ kind: "level" }] },
  ],
});

const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
const samples = [...readme.matchAll(/^## (.+?)\n[^#]*?```yaml\n(.*?)```/gms)].map(([, title = "", yaml = ""]) => ({
  title,
  bridges: foreignSchema.parse((parse(yaml) as { foreign: unknown }).foreign),
}));

describe("the README", () => {
  it("has a sample for each preset, for a broker of the site, and for a mapping of one's own", () => {
    expect(samples.map(({ title }) => title)).toEqual([
      "Zigbee2MQTT",
      "Tasmota",
      "ESPHome",
      "Shelly",
      "A broker of the site",
      "Anything else",
    ]);
    for (const { bridges } of samples) expect(foreignProblems(bridges, devices)).toEqual([]);
  });

  it.each([
    ["Zigbee2MQTT", "zigbee2mqtt/boiler-house/door", '{"contact":true}', ["door-boiler-house", "contact", null, 1]],
    ["Zigbee2MQTT", "zigbee2mqtt/0x00158d0001a2b3c4", '{"water_leak":false}', ["leak-pump-room", "contact", null, 0]],
    [
      "Tasmota",
      "tele/boiler-house/SENSOR",
      '{"DS18B20-2":{"Temperature":58}}',
      ["boiler-1", "temperature", "return", 58],
    ],
    ["Tasmota", "tele/tank-roof/SENSOR", '{"SR04":{"Distance":50}}', ["tank-fire", "level", null, 2]],
    ["ESPHome", "boiler-node/sensor/supply/state", "70.5", ["boiler-1", "temperature", "supply", 70.5]],
    ["ESPHome", "tank-node/sensor/water_depth/state", "1.25", ["tank-domestic", "level", null, 1.25]],
    ["Shelly", "shellies/shellyflood-1A2B3C/sensor/flood", "true", ["leak-pump-room", "contact", null, 1]],
    ["Shelly", "shellyplus1-a8032abe54dc/status/input:0", '{"state":true}', ["door-boiler-house", "contact", null, 1]],
    [
      "A broker of the site",
      "zigbee2mqtt/0x00158d0001a2b3c4",
      '{"temperature":9}',
      ["leak-pump-room", "temperature", null, 9],
    ],
    ["Anything else", "plant/b1/pressure", "1.5", ["boiler-1", "pressure", null, 150]],
    ["Anything else", "plant/b1/state", '{"valve":"shut"}', ["boiler-1", "contact", "valve", 1]],
    ["Anything else", "plant/b1/state", '{"probes":{"supply":{"t":212}}}', ["boiler-1", "temperature", "supply", 100]],
  ])("shows for %s what %s becomes", (title, topic, payload, expected) => {
    const bridge = samples.find((sample) => sample.title === title)?.bridges[0];
    if (bridge === undefined) throw new Error(`no sample for ${title}`);
    const { readings } = new ForeignMapper(bridge, devices).map(topic, Buffer.from(payload));
    expect(readings.map(({ device, message: { kind, channel, value } }) => [device, kind, channel, value])).toEqual([
      expected,
    ]);
  });
});

describe("what the bridges name", () => {
  it("must be on site", () => {
    const bridges = foreignSchema.parse([
      {
        id: "b",
        secret: "s",
        preset: "tasmota",
        devices: {
          x: "nobody",
          y: { device: "boiler-1", values: { A: "supply", B: "nowhere", C: { kind: "level", channel: "supply" } } },
        },
        mappings: [{ topic: "t", device: "tank-fire", values: [{ kind: "level", channel: "-" }, { kind: "count" }] }],
      },
      { id: "tank", secret: "s", preset: "shelly" },
    ]);
    const withSecret = [...devices, { ...devices[0], id: "tank", secret: "s" } as (typeof devices)[number]];
    expect(foreignProblems(bridges, withSecret).map(({ path, found }) => [path.join("."), found])).toEqual([
      ["foreign.0.devices.x.device", "nobody"],
      ["foreign.0.devices.y.values.B.channel", "nowhere"],
      ["foreign.0.devices.y.values.C.channel", "supply"],
      ["foreign.1.id", "tank"],
    ]);
  });
});
