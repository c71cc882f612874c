import type { Socket } from "node:net";
import { AckQueue } from "@gengfu/shared/mqtt/ack-queue";
import { uplinkTopics } from "@gengfu/shared/uplink-protocol";
import type { Client } from "aedes";

const subscriptions_max = 16;

/** One connection of a gateway that has shown its password. */
export class GatewaySession {
  readonly gateway: string;
  readonly address: string;
  /** PUBACKs go out in the order of the publishes [MQTT-4.6.0-2]. */
  readonly acks: AckQueue;
  /** Set once the gateway has its CONNACK. */
  isReady = false;
  readonly #gone = new AbortController();
  #subscriptions = 0;

  constructor(gateway: string, client: Client) {
    const socket = client.conn as Socket;
    this.gateway = gateway;
    this.address = socket.remoteAddress ?? "";
    this.acks = new AckQueue({
      isClosed: () => client.closed,
      write: (bytes) => void socket.write(bytes),
      drop: (error) => socket.destroy(error),
      settled: () => undefined,
    });
  }

  /** Aborted when the connection has ended. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whose connection it is, for a line of the log. */
  get about(): { gateway: string; address: string } {
    return { gateway: this.gateway, address: this.address };
  }

  end(): void {
    this.#gone.abort(new Error("the gateway is gone"));
  }

  /** Whether it may have a subscription: below its own downlink, and only so many. */
  subscribe(topic: string): boolean {
    const own = uplinkTopics.downlink(this.gateway).slice(0, -"#".length);
    if (this.#subscriptions >= subscriptions_max || !topic.startsWith(own)) return false;
    this.#subscriptions += 1;
    return true;
  }
}
