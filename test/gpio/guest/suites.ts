import { driverCases } from "../../../edge/src/sources/gpio/driver-contract.ts";
import { openBench, type RealDriver } from "./bench.ts";
import type { GuestCase } from "./guest-case.ts";
import { processCases } from "./process-cases.ts";
import { sourceCases } from "./source-cases.ts";

export interface GuestSuite {
  readonly name: string;
  readonly cases: readonly GuestCase[];
}

const drivers: readonly RealDriver[] = ["sysfs", "cdev"];

/** All that runs in the guest; the host reports it test by test. */
export const guestSuites: readonly GuestSuite[] = drivers.flatMap((driver) => [
  {
    name: `driver contract: ${driver}`,
    cases: driverCases.map((one): GuestCase => ({
      name: one.name,
      run: async (chip) => one.run(await openBench(driver, chip)),
    })),
  },
  { name: `source by ${driver}`, cases: sourceCases(driver) },
  { name: `processes by ${driver}`, cases: processCases(driver) },
]);
