import { readdirSync, readFileSync } from "node:fs";
import { systemClock } from "@gengfu/shared/time/clock";
import type { LineBench } from "../../../edge/src/sources/gpio/driver-contract.ts";
import { LineChild } from "../../../edge/src/sources/gpio/line-child.ts";
import { loadDriver } from "../../../edge/src/sources/gpio/load-driver.ts";
import { isAlive } from "../../support/processes.ts";
import { until } from "../../support/until.ts";
import { SimChip } from "./sim-chip.ts";

export type RealDriver = "sysfs" | "cdev";

/** The lines of a Raspberry Pi with a kernel from 6.6 on: the filler moves the first of them to number 512. */
export const filler = (): SimChip => new SimChip("filler", "filler", 458);
export const pi = (): SimChip => new SimChip("pi", "pinctrl-bcm2835", 54);

/** One of the drivers on the simulated lines of a Raspberry Pi. */
export async function openBench(name: RealDriver, chip: SimChip): Promise<LineBench> {
  const loaded = await loadDriver(name, "inputs", systemClock);
  if ("unavailable" in loaded) throw new Error(loaded.unavailable.en);
  return {
    driver: loaded.driver,
    chip: chip.label,
    tellsEachEdge: name === "cdev",
    keepsOutputs: name === "sysfs",
    drive: (offset, level) => chip.pull(offset, level),
    driven: (offset) => chip.value(offset),
    async hold(offset) {
      const child = await LineChild.start({
        command: ["/usr/bin/gpiomon", chip.device, String(offset)],
        clock: systemClock,
        onLine: () => undefined,
        onEnd: () => undefined,
      });
      return () => child.end();
    },
    async unplug() {
      // a kernel before 6.9 is damaged where a chip goes whose lines such a tool holds
      await endChildren();
      chip.unplug();
    },
    plug: () => chip.plug(),
    held: () => readdirSync("/proc/self/fd").length + children(process.pid).length,
  };
}

/** The processes that have this one as their parent. */
export function children(parent: number): number[] {
  return readdirSync(`/proc/${parent}/task`)
    .flatMap((task) => readFileSync(`/proc/${parent}/task/${task}/children`, "utf8").split(" "))
    .filter((pid) => pid !== "")
    .map(Number);
}

/** Kills what this process started and has not ended. */
export async function endChildren(): Promise<void> {
  const all = children(process.pid);
  for (const pid of all) process.kill(pid, "SIGKILL");
  await until("the children's end", () => all.every((pid) => !isAlive(pid)));
}
