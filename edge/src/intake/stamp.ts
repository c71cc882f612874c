import type { EdgeEntry } from "../entry.ts";
import type { Stamp } from "./gateway-time.ts";
import type { Message } from "./message.ts";

/**
 * The entry of a message that came in at `now`: measured when the device says, or so long ago as it says, or just now.
 */
export function stamp(device: string, message: Message, now: Stamp, key: string | null): EdgeEntry {
  const { kind, channel, value, detail, at, age } = message;
  return {
    device,
    kind,
    channel,
    at: at ?? now.at - (age ?? 0),
    receivedAt: now.at,
    clock: at === null ? now.clock : "device",
    value,
    detail,
    key,
    ...(now.sinceBoot === undefined ? {} : { sinceBoot: now.sinceBoot }),
  };
}
