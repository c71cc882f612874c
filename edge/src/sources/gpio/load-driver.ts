import type { Text } from "@gengfu/shared/model/text";
import type { Clock } from "@gengfu/shared/time/clock";
import type { LineDriver } from "./line-driver.ts";
import type { DriverName } from "./schema.ts";
import { loadSysfsDriver } from "./sysfs-driver.ts";

/** What lines are wanted for. */
export type LineUse = "inputs" | "outputs";

/** The driver, or why there is none and what to do about it. */
export type LoadedDriver = { readonly driver: LineDriver } | { readonly unavailable: Text };

/** Loads the driver for lines, or the first that works. */
export function loadDriver(_name: DriverName, use: LineUse, clock: Clock): Promise<LoadedDriver> {
  return loadSysfsDriver(use, { clock });
}
