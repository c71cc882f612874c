import { expect, it } from "vitest";
import { z } from "zod";
import { sourceSections, wiredSeries } from "./sources.ts";

it("tells of every series that buses fill, with its place in edge.yaml", () => {
  const points = [
    { milliamps: 4, value: 0 },
    { milliamps: 20, value: 5 },
  ];
  const registers = [{ address: 0, device: "boiler", kind: "pressure" }];
  const config = z.strictObject(sourceSections).parse({
    onewire: { sensors: [{ id: "28-0316a2795cff", device: "boiler", channel: "supply" }] },
    modbus: { connections: [{ name: "plc", tcp: { host: "plc" }, units: [{ registers }] }] },
    current_loop: { inputs: [{ adc: "ads1015", input: "voltage0", shunt_ohms: 250, points, device: "tank" }] },
  });
  expect(wiredSeries(config)).toEqual([
    { path: ["onewire", "sensors", 0], device: "boiler", kind: "temperature", channel: "supply" },
    {
      path: ["modbus", "connections", 0, "units", 0, "registers", 0],
      device: "boiler",
      kind: "pressure",
      channel: undefined,
    },
    { path: ["current_loop", "inputs", 0], device: "tank", kind: "level", channel: undefined },
  ]);
});
