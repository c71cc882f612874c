import { driverCases } from "../../../edge/src/sources/gpio/driver-contract.ts";
import { gpiod2Variable } from "../rig/boot.ts";
import { openBench, type RealDriver } from "./bench.ts";
import type { GuestCase } from "./guest-case.ts";
import { countCase, processCases } from "./process-cases.ts";
import { sourceCases } from "./source-cases.ts";

export interface GuestSuite {
  readonly name: string;
  readonly cases: readonly GuestCase[];
}

function contractOf(driver: RealDriver): readonly GuestCase[] {
  return driverCases.map((one) => ({ name: one.name, run: async (chip) => one.run(await openBench(driver, chip)) }));
}

/** The same with the tools of gpiod 2 first on the PATH. */
function byGpiod2(cases: readonly GuestCase[]): readonly GuestCase[] {
  return cases.map((one) => ({
    name: one.name,
    async run(chip) {
      const path = process.env["PATH"];
      process.env["PATH"] = `${process.env[gpiod2Variable]}:${path}`;
      try {
        await one.run(chip);
      } finally {
        process.env["PATH"] = path;
      }
    },
  }));
}

/** All that runs in the guest; the host reports it test by test. */
export const guestSuites: readonly GuestSuite[] = [
  { name: "driver contract: sysfs", cases: contractOf("sysfs") },
  { name: "source by sysfs", cases: sourceCases("sysfs") },
  { name: "processes by sysfs", cases: [...processCases("sysfs"), countCase("sysfs")] },
  { name: "driver contract: cdev", cases: contractOf("cdev") },
  { name: "source by cdev", cases: sourceCases("cdev") },
  { name: "processes by cdev", cases: processCases("cdev") },
  { name: "driver contract: cdev with gpiod 2", cases: byGpiod2(contractOf("cdev")) },
  { name: "source by cdev with gpiod 2", cases: byGpiod2(sourceCases("cdev")) },
];
