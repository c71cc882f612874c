import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { modbusSchema } from "./schema.ts";

describe("the configuration", () => {
  it("is as the README shows it", () => {
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const sample = /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "";
    const { connections } = modbusSchema.parse((parse(sample) as { modbus: unknown }).modbus);
    expect(connections).toMatchObject([
      { name: "boiler-room", timeout: 1_000, rtu: { baud: 9_600, parity: "none", data_bits: 8 } },
      { name: "pump-house", timeout: 2_000, tcp: { port: 502, framing: "tcp" } },
    ]);
    expect(connections[0]?.units[0]).toMatchObject({ unit: 1, interval: 10_000 });
    expect(connections[0]?.units[0]?.registers[3]).toMatchObject({ function: "coil", type: "bool", inverted: true });
    expect(connections[0]?.units[1]?.registers[0]?.current_loop).toHaveLength(2);
  });

  it("names every mistake with its place", () => {
    const pressure = { device: "boiler", kind: "pressure" };
    const paths = (connections: unknown[]): string[] =>
      (modbusSchema.safeParse({ connections }).error?.issues ?? []).map(({ path }) => path.slice(1).join("."));
    const tcp = { host: "plc" };
    expect(paths([{ name: "a", units: [{ registers: [{ address: 0, ...pressure }] }] }])).toEqual(["0"]);
    expect(
      paths([
        { name: "a", rtu: { path: "/dev/ttyS0" }, units: [{ unit: 0, registers: [{ address: 0, ...pressure }] }] },
      ]),
    ).toEqual(["0.units.0.unit"]);
    expect(
      paths([
        {
          name: "a",
          tcp,
          units: [
            { registers: [{ address: 0, ...pressure }] },
            { registers: [{ address: 1, ...pressure, channel: "b" }] },
          ],
        },
      ]),
    ).toEqual(["0.units.1.unit"]);
    const registers = [
      { address: 65_535, type: "int32", ...pressure },
      { address: 0, type: "bool", ...pressure, channel: "b" },
      { function: "coil", address: 0, ...pressure, channel: "c" },
      { address: 0, device: "boiler", kind: "contact" },
    ];
    expect(paths([{ name: "a", tcp, units: [{ registers }] }])).toEqual([
      "0.units.0.registers.0.address",
      "0.units.0.registers.1.kind",
      "0.units.0.registers.2.kind",
      "0.units.0.registers.3.kind",
    ]);
    const same = { tcp, units: [{ registers: [{ address: 0, ...pressure }] }] };
    expect(
      paths([
        { name: "a", ...same },
        { name: "a", ...same },
      ]),
    ).toEqual(["1.name", "1.units.0.registers.0.channel"]);
  });
});
