import type { EdgeEntry } from "../entry.ts";
import type { Stamp } from "./gateway-time.ts";
import type { Message } from "./message.ts";

/**
 * The entry of a message that came in at `now`: measured when the device says, or so long ago as it says, or just now.
 */
export function stamp(device: string, message: Message, now: Stamp, key: string | null): EdgeEntry {
  const { kind, channel, value, detail } = message;
  const at = message.at ?? now.at - (message.age ?? 0);
  const clock = message.at === null ? now.clock : "device";
  const receivedAt = now.at;
  // one literal for each shape: this runs for every reading
  return now.sinceBoot === undefined
    ? { device, kind, channel, at, receivedAt, clock, value, detail, key }
    : { device, kind, channel, at, receivedAt, clock, value, detail, key, sinceBoot: now.sinceBoot };
}
