import type { DeviceMessage } from "@gengfu/firmware-contracts/contract/message";
import type { Detail, Kind } from "@gengfu/shared/model/reading";
import type { DeliveryTrail } from "./delivery-trails.ts";

/** What a source hands in: a device's message, or what the edge itself has to tell of a device. */
export type Message = Omit<DeviceMessage, "kind"> & { readonly kind: Kind };

/** How a repeat is known at the level of MQTT, where the message itself has no `boot` and `seq`. */
export interface Origin {
  /** Where the sender's deliveries are remembered; null where none of them comes twice. */
  readonly trail: DeliveryTrail | null;
  readonly messageId: number;
  /** Set where the sender says that it may have sent this before. */
  readonly again: boolean;
}

/** The origin of what nobody sends again. */
export const sentOnce: Origin = { trail: null, messageId: 0, again: false };

/**
 * Takes a message over. Resolves once it is durable, or once that is durable of which it is the repeat; rejects with a
 * `GengfuError` where it was not taken over, and the sender still owns it.
 */
export type Deliver = (device: string, message: Message, origin: Origin) => Promise<void>;

/** A message that tells a value, and perhaps how long ago it was so. */
export function valueMessage(kind: Kind, channel: string | null, value: number, age: number | null = null): Message {
  return { kind, channel, value, detail: null, at: null, age, boot: null, seq: null };
}

/** A message of what the edge itself has to say. */
export function detailMessage(kind: Kind, detail: Detail): Message {
  return { kind, channel: null, value: null, detail, at: null, age: null, boot: null, seq: null };
}

/** A card that was held to a fixed reader; its UID in upper-case hex. */
export function tapMessage(card: string): Message {
  return detailMessage("tap", { card });
}
