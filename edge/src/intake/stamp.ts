import type { ClockQuality } from "@gengfu/shared/model/reading";
import type { EdgeEntry } from "../entry.ts";
import type { Message } from "./message.ts";

/**
 * The entry of a message that came at `receivedAt`, by a gateway's clock of the given quality: measured when the
 * device says, or so long ago as it says, or just now.
 */
export function stamp(
  device: string,
  message: Message,
  receivedAt: number,
  quality: ClockQuality,
  key: string | null,
): EdgeEntry {
  const { kind, channel, value, detail, at, age } = message;
  return {
    device,
    kind,
    channel,
    at: at ?? receivedAt - (age ?? 0),
    receivedAt,
    clock: at === null ? quality : "device",
    value,
    detail,
    key,
  };
}
