import { encodeDataUnit } from "./encode-data-unit.ts";
import { startedAt } from "./server-under-test.ts";
import { timeTag } from "../time-tag.ts";

export const zone = "Asia/Shanghai";
/** Of a state. */
export const fire = 1 << 1;

/** The state of a fire panel, as a device reports it. */
export function panel(state: number, at = startedAt): Uint8Array {
  return encodeDataUnit({ kind: "system_state", objects: [{ system: 1, address: 1, state, time: timeTag(at, zone) }] });
}
