import type { EdgeEntry } from "../entry.ts";
import type { Message } from "./message.ts";

/** Deliveries remembered of one sender: more than clients have under way. */
const trail_deliveries = 256;
/** Senders remembered after their connection broke. */
const broken_trails_max = 1_024;

/** The last deliveries of one sender (a device's MQTT client), by message id. */
export class DeliveryTrail {
  readonly device: string;
  readonly client: string;
  /** Connections that deliver on this trail at present. */
  users = 0;
  readonly #entries: (EdgeEntry | undefined)[] = [];
  readonly #ids: number[] = [];

  constructor(device: string, client: string) {
    this.device = device;
    this.client = client;
  }

  remember(messageId: number, entry: EdgeEntry): void {
    const slot = messageId % trail_deliveries;
    this.#entries[slot] = entry;
    this.#ids[slot] = messageId;
  }

  knows(messageId: number, message: Message): boolean {
    const slot = messageId % trail_deliveries;
    const entry = this.#entries[slot];
    return entry !== undefined && this.#ids[slot] === messageId && tellsTheSame(entry, message);
  }
}

/**
 * Recognises what MQTT delivers again (DUP set: same sender, same message id, same content), for publishes without
 * `boot` and `seq`. Only what a sender can't know to be acknowledged is remembered: a connection that was ended with a
 * DISCONNECT leaves nothing, since message ids begin anew and a like publish is then a new one.
 */
export class DeliveryTrails {
  readonly #live = new Map<string, DeliveryTrail>();
  readonly #broken = new Map<string, DeliveryTrail>();

  /** The trail of a connection that begins. Clients that give no id are told apart by device only. */
  open(device: string, client: string): DeliveryTrail {
    const name = nameOf(device, client);
    const trail = this.#live.get(name) ?? this.#broken.get(name) ?? new DeliveryTrail(device, client);
    this.#broken.delete(name);
    this.#live.set(name, trail);
    trail.users += 1;
    return trail;
  }

  /** A connection ended; `clean` where the client said so itself. */
  close(trail: DeliveryTrail, clean: boolean): void {
    trail.users -= 1;
    if (trail.users > 0) return;
    const name = nameOf(trail.device, trail.client);
    this.#live.delete(name);
    if (clean) return;
    this.#broken.set(name, trail);
    this.#forgetOldest();
  }

  /** Takes up what was under way when the edge went down. */
  restore(entry: EdgeEntry): void {
    const place = entry.key === null ? undefined : parseDeliveryKey(entry.key);
    if (place === undefined) return;
    const name = nameOf(entry.device, place.client);
    const trail = this.#broken.get(name) ?? new DeliveryTrail(entry.device, place.client);
    trail.remember(place.messageId, entry);
    this.#broken.set(name, trail);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    if (this.#broken.size <= broken_trails_max) return;
    for (const name of this.#broken.keys()) {
      this.#broken.delete(name);
      return;
    }
  }
}

/** What an entry's `key` is for a delivery; told apart from a sequence's key by the sign in it. */
export function deliveryKey(client: string, messageId: number): string {
  return `${client}#${messageId}`;
}

function parseDeliveryKey(key: string): { client: string; messageId: number } | undefined {
  const sign = key.lastIndexOf("#");
  return sign < 0 ? undefined : { client: key.slice(0, sign), messageId: Number(key.slice(sign + 1)) };
}

function nameOf(device: string, client: string): string {
  return `${device}/${client}`;
}

function tellsTheSame(entry: EdgeEntry, message: Message): boolean {
  if (entry.kind !== message.kind || entry.channel !== message.channel || entry.value !== message.value) return false;
  if (message.at !== null && message.at !== entry.at) return false;
  if (entry.detail === null || message.detail === null) return entry.detail === message.detail;
  const fields = Object.entries(entry.detail);
  return (
    fields.length === Object.keys(message.detail).length &&
    fields.every(([field, value]) => message.detail?.[field] === value)
  );
}
