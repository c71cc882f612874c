import { createHash } from "node:crypto";
import { decodeDataUnit } from "./data-unit.ts";
import type { Frame } from "./frame.ts";
import { timeOf } from "./time-tag.ts";

/**
 * What a frame that is sent again is known by: the same serial and data, and without a time of their own in the data the
 * time of sending, which others may renew when they resend.
 */
export function frameKey({ serial, sent, data, command }: Frame): string {
  const hash = createHash("sha256").update(data).update(Uint8Array.of(command));
  if (!hasOwnTimes(data)) hash.update(sent);
  return `${serial}-${hash.digest("hex").slice(0, 16)}`;
}

function hasOwnTimes(data: Uint8Array): boolean {
  const unit = decodeDataUnit(data);
  if (unit.kind === "undecodable") return false;
  // of some zone: here it only matters whether it is a time at all
  return unit.objects.every(({ time }) => time !== undefined && timeOf(time, "UTC") !== undefined);
}
