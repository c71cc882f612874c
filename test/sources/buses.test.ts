import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { ModbusTcp } from "@gengfu/edge/testing/modbus-device";
import { SysfsTree } from "@gengfu/edge/testing/sysfs-tree";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { Api, ReadingRow } from "../support/api.ts";
import { startServices } from "../support/services.ts";
import { until } from "../support/until.ts";

const supply = "28-0316a2795cff";
const back = "28-0416b35e01ff";

/** The newest reading of a series, once it has a value. */
function reading(api: Api, query: string, value: number): Promise<ReadingRow> {
  return until(`${value} of ${query}`, async () => {
    const [newest] = await api.readings(`?${query}&limit=1`);
    return newest?.value === value && newest;
  });
}

const gateways = z.object({ gateways: z.array(z.object({ troubles: z.array(z.string()) })) });

/** What the gateway complains of, as the cloud has it. */
function troubles(api: Api, what: string, isSo: (troubles: readonly string[]) => boolean): Promise<readonly string[]> {
  return until(what, async () => {
    const { body } = await api.call("GET", "/gateways");
    const told = gateways.parse(body).gateways.flatMap((gateway) => gateway.troubles);
    return isSo(told) && told;
  });
}

test("what hangs on the gateway's buses reaches the cloud, and so does what is wrong with it", async () => {
  const tree = new SysfsTree();
  onTestFinished(() => tree.remove());
  tree.write(`w1/${supply}/temperature`, "64125\n");
  // a sensor that never says anything
  mkdirSync(tree.path(`w1/${back}`));
  expect(spawnSync("mkfifo", [tree.path(`w1/${back}/temperature`)]).status).toBe(0);
  tree.write("iio/iio:device0/name", "ads1015\n");
  tree.write("iio/iio:device0/in_voltage0_scale", "0.1875\n");
  tree.write("iio/iio:device0/in_voltage0_raw", "9600\n");
  const boiler = await ModbusTcp.open();
  onTestFinished(() => boiler.close());
  boiler.device.holding.set(10, 0x3e19).set(11, 0x999a);
  boiler.device.coils.set(0, false);

  const { edge, api } = await startServices({
    uplink: { heartbeat: "200ms" },
    edge: {
      onewire: {
        folder: tree.path("w1"),
        interval: "100ms",
        sensors: [
          { id: supply, device: "boiler-1", channel: "supply" },
          { id: back, device: "boiler-1", channel: "return" },
        ],
      },
      modbus: {
        connections: [
          {
            name: "boiler-room",
            tcp: { host: "127.0.0.1", port: boiler.port },
            units: [
              {
                interval: "100ms",
                registers: [
                  { address: 10, type: "float32", scale: 1000, device: "boiler-1", kind: "pressure" },
                  { function: "coil", address: 0, device: "fire-panel", kind: "contact", channel: "mains" },
                ],
              },
            ],
          },
        ],
      },
      current_loop: {
        folder: tree.path("iio"),
        interval: "100ms",
        inputs: [
          {
            adc: "ads1015",
            input: "voltage0",
            shunt_ohms: 150,
            points: [
              { milliamps: 4, value: 0 },
              { milliamps: 20, value: 5 },
            ],
            device: "tank-fire",
          },
        ],
      },
    },
  });

  await reading(api, "kind=temperature&device=boiler-1&channel=supply", 64.125);
  await reading(api, "kind=pressure&device=boiler-1", 150);
  await reading(api, "kind=contact&device=fire-panel&channel=mains", 0);
  // 12 mA are half of 5 m; the demo's tank is 6 m by 4 m
  const level = await reading(api, "kind=level&device=tank-fire", 2.5);
  expect(level["litres"]).toBe(60_000);
  const [stuck] = await troubles(api, "the sensor's trouble", (told) => told.length === 1);
  expect(stuck).toContain(back);

  boiler.device.coils.set(0, true);
  await reading(api, "kind=contact&device=fire-panel&channel=mains", 1);
  await boiler.unplug();
  tree.write("iio/iio:device0/in_voltage0_raw", "0\n");
  const told = await troubles(api, "the troubles of the boiler and the tank", (all) => all.length === 3);
  expect(told.join("\n")).toMatch(/Modbus 连接 boiler-room.*ECONNREFUSED/);
  expect(told.join("\n")).toMatch(/tank-fire 的 4-20 mA 回路.*断线/);

  await boiler.plug();
  tree.write("iio/iio:device0/in_voltage0_raw", "12000\n");
  boiler.device.holding.set(10, 0x3e4c).set(11, 0xcccd);
  await reading(api, "kind=pressure&device=boiler-1", 200);
  await reading(api, "kind=level&device=tank-fire", 3.4375);
  expect(await troubles(api, "the troubles' end", (all) => all.length === 1)).toEqual([stuck]);

  await edge.kill("SIGTERM");
  expect(edge.log).toContain('"msg":"stopped"');
});
