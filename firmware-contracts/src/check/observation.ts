import type { Will } from "../mqtt/packets.ts";

/**
 * What was seen of a device, in order. Times are of a monotonic clock, milliseconds. A listener at another's broker sees
 * only publishes, of which it doesn't know everything (null); the checker's own broker sees all.
 */
export type Observation =
  | {
      readonly type: "connected";
      readonly at_ms: number;
      readonly connection: number;
      readonly clientId: string;
      readonly user: string | null;
      /** 4 is MQTT 3.1.1. */
      readonly level: number;
      readonly keepAlive_s: number;
      readonly will: Will | null;
    }
  /** It tried to come back while the checker played dead. */
  | { readonly type: "tried"; readonly at_ms: number }
  | {
      readonly type: "subscribed";
      readonly at_ms: number;
      readonly connection: number;
      readonly topics: readonly string[];
    }
  | Published
  /** Nothing came for longer than one and a half keep-alives. */
  | { readonly type: "silent"; readonly at_ms: number; readonly connection: number }
  /** The checker kept an acknowledgement back, then cut the connection. */
  | { readonly type: "withheld"; readonly at_ms: number; readonly publish: Published }
  | { readonly type: "closed"; readonly at_ms: number; readonly connection: number; readonly by: "device" | "checker" }
  /** The gateway, or the checker in its place, told the device of a mistake. */
  | { readonly type: "answered"; readonly at_ms: number; readonly message: string };

export interface Published {
  readonly type: "published";
  readonly at_ms: number;
  /** The checker's own clock then, epoch milliseconds UTC. */
  readonly wall_ms: number;
  readonly connection: number | null;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean | null;
  /** The broker had kept it: it is not of now. */
  readonly stored: boolean;
}

export type CheckMode = "listen" | "serve";

/** How many observations of a device are kept; what comes beyond is counted only. */
export const observations_max = 20_000;
/** How many devices are told apart. */
export const devices_max = 200;

/** What was seen, by device; null stands for topics that are of no device. */
export class Observations {
  readonly #byDevice = new Map<string | null, Observation[]>();
  #dropped = 0;

  add(device: string | null, observation: Observation): void {
    const known = this.#byDevice.get(device);
    if (known === undefined && this.#byDevice.size >= devices_max) this.#dropped++;
    else if (known === undefined) this.#byDevice.set(device, [observation]);
    else if (known.length >= observations_max) this.#dropped++;
    else known.push(observation);
  }

  get devices(): ReadonlyMap<string | null, readonly Observation[]> {
    return this.#byDevice;
  }

  get dropped(): number {
    return this.#dropped;
  }
}
