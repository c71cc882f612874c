import type { ForeignDoor, ForeignSession } from "../broker/foreign-door.ts";
import type { DeliveryTrails } from "../intake/delivery-trails.ts";
import { sentOnce, type Deliver } from "../intake/message.ts";
import type { Source } from "../sources/source.ts";
import { BridgeTaker, type BridgeParts } from "./bridge-taker.ts";
import { BrokerSource } from "./broker-source.ts";
import { OriginTrails } from "./origin-trails.ts";
import type { BridgeConfig } from "./schema.ts";

export interface ForeignBridgesOptions extends BridgeParts {
  readonly bridges: readonly BridgeConfig[];
  readonly deliver: Deliver;
  readonly trails: DeliveryTrails;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

/** All that speaks MQTT in a way of its own: whom the gateway's broker lets in, and the brokers that it fetches from. */
export class ForeignBridges implements ForeignDoor {
  /** Who signs on at the gateway's own broker. */
  readonly accounts: readonly { readonly id: string; readonly secret: string }[];
  readonly sources: readonly Source[];
  readonly #options: ForeignBridgesOptions;
  readonly #guests: ReadonlyMap<string, BridgeTaker>;

  constructor(options: ForeignBridgesOptions) {
    const { bridges, trails, clock, troubles, logger, random } = options;
    this.#options = options;
    const takers = bridges.map((bridge) => new BridgeTaker(bridge, options));
    const guests = takers.filter(({ config }) => config.broker === undefined);
    this.#guests = new Map(guests.map((taker) => [taker.config.id, taker]));
    this.accounts = guests.map(({ config: { id, secret = "" } }) => ({ id, secret }));
    this.sources = takers
      .filter(({ config }) => config.broker !== undefined)
      .map((taker) => new BrokerSource({ taker, trails, clock, troubles, logger, random }));
  }

  open(user: string, clientId: string): ForeignSession | undefined {
    const taker = this.#guests.get(user);
    if (taker === undefined) return undefined;
    const { deliver, trails } = this.#options;
    const origins = new OriginTrails(trails, `${user}/${clientId}`);
    return {
      owns: (filter) => taker.owns(filter),
      take: ({ topic, payload, isWill, ...delivery }) =>
        taker.take({ topic, payload, isOld: false }, deliver, (device, message) =>
          isWill ? sentOnce : origins.origin(device, message, delivery),
        ),
      close: (clean) => origins.close(clean),
    };
  }

  refused(name: string): void {
    this.#options.unclaimed.refused(name);
  }
}
