import type { Text } from "@gengfu/shared/model/text";
import type { Clock } from "@gengfu/shared/time/clock";
import { loadCdevDriver } from "./cdev-driver.ts";
import type { LineDriver } from "./line-driver.ts";
import type { DriverName } from "./schema.ts";
import { loadSysfsDriver } from "./sysfs-driver.ts";

/** What lines are wanted for. */
export type LineUse = "inputs" | "outputs";

/** The driver, or why there is none and what to do about it. */
export type LoadedDriver = { readonly driver: LineDriver } | { readonly unavailable: Text };

/** Loads the driver for lines, or the first that works; where none does it says why of the one that is usual. */
export async function loadDriver(name: DriverName, use: LineUse, clock: Clock): Promise<LoadedDriver> {
  if (name === "cdev") return loadCdevDriver({ clock });
  const usual = await loadSysfsDriver(use, { clock });
  if (name === "sysfs" || "driver" in usual) return usual;
  const other = await loadCdevDriver({ clock });
  return "driver" in other ? other : usual;
}
