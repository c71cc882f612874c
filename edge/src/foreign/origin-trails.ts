import type { DeliveryTrail, DeliveryTrails } from "../intake/delivery-trails.ts";
import { sentOnce, type Message, type Origin } from "../intake/message.ts";

/** How a publish would be known if it came again. */
export interface Delivery {
  readonly qos: number;
  readonly dup: boolean;
  readonly messageId?: number | undefined;
}

/**
 * The trails of one client that speaks for many devices: one for each series, since one publish may tell of several.
 */
export class OriginTrails {
  readonly #trails: DeliveryTrails;
  readonly #client: string;
  readonly #open = new Map<string, DeliveryTrail>();

  constructor(trails: DeliveryTrails, client: string) {
    this.#trails = trails;
    this.#client = client;
  }

  /** The series are those of the site file, so that there is a bound to them. */
  origin(device: string, { kind, channel }: Message, { qos, dup, messageId }: Delivery): Origin {
    if (qos === 0 || messageId === undefined) return sentOnce;
    const series = `${kind}/${channel ?? "-"}`;
    const key = `${device}/${series}`;
    let trail = this.#open.get(key);
    if (trail === undefined) {
      trail = this.#trails.open(device, `${this.#client}/${series}`);
      this.#open.set(key, trail);
    }
    return { trail, messageId, again: dup };
  }

  /** The connection ended. */
  close(clean: boolean): void {
    for (const trail of this.#open.values()) this.#trails.close(trail, clean);
    this.#open.clear();
  }
}
