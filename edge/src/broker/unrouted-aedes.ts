import { Aedes, type AedesOptions, type Client, type PublishPacket } from "aedes";

type Done = (error?: Error) => void;

/**
 * A broker that hands no client's publish on to anyone, unless `routes` says so: what devices publish goes to the log.
 * What the broker itself publishes is routed.
 */
export class UnroutedAedes extends Aedes {
  readonly #routes: (client: Client, packet: PublishPacket) => boolean;

  constructor(options: AedesOptions, routes: (client: Client, packet: PublishPacket) => boolean) {
    super(options);
    this.#routes = routes;
  }

  /** aedes calls this with the client between packet and callback; others leave the client out. */
  override publish(packet: PublishPacket, client: Client | Done | null, done?: Done): void {
    if (typeof client === "function") super.publish(packet, client);
    // without QoS, since at QoS 1 the broker would keep copies for sessions whose client is away
    else if (client === null || this.#routes(client, packet)) super.publish({ ...packet, qos: 0 }, done ?? ignore);
    // a turn later: aedes reads on in here, and its parser is still at the packet before
    else if (done !== undefined) queueMicrotask(() => done());
  }
}

function ignore(): void {
  // whoever leaves the callback out doesn't want to know
}
