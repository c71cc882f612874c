import type { Detail } from "@gengfu/shared/model/reading";
import type { BootTime } from "@gengfu/shared/time/correction";
import type { EdgeEntry } from "../entry.ts";
import type { Stamp } from "./gateway-time.ts";
import { detailMessage } from "./message.ts";
import { stamp } from "./stamp.ts";

/** The entry that tells of readings which the log dropped at its bound. */
export function gapEntry(
  gateway: string,
  now: Stamp,
  { from, to, reason }: { from: number; to: number; reason: string },
): EdgeEntry {
  return ownEntry(gateway, "gap", now, { from, to, reason });
}

/** The entry that tells the time of a boot, for readings that were sent before it was known. */
export function clockEntry(gateway: string, now: Stamp, { boot, offset_ms }: BootTime): EdgeEntry {
  return ownEntry(gateway, "clock", now, { boot, offset_ms });
}

/** What the gateway has to tell of itself. */
function ownEntry(gateway: string, kind: "gap" | "clock", now: Stamp, detail: Detail): EdgeEntry {
  return stamp(gateway, detailMessage(kind, detail), now, null);
}
