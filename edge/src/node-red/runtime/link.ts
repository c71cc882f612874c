import type { GatewayAlert } from "@gengfu/shared/uplink-protocol";
import type { FromNodeRed, NodeRedReading, ToNodeRed } from "../protocol.ts";

/** Deliveries that wait for the disk; beyond that a flow is told to slow down. */
const underWay_max = 1_000;

interface Wish {
  readonly device: string;
  readonly kind: string;
  readonly hear: (reading: NodeRedReading) => void;
}

/** The gateway, as the nodes in Node-RED's process see it. */
class Link {
  readonly #wishes = new Set<Wish>();
  readonly #alertListeners = new Set<(alert: GatewayAlert) => void>();
  readonly #underWay = new Map<number, PromiseWithResolvers<void>>();
  #next = 1;
  #isTelling = false;

  start(): void {
    process.on("message", (message) => this.#hear(message as ToNodeRed));
    // without the gateway there is nothing to do, and the port must be free for the next
    process.on("disconnect", () => process.exit(0));
  }

  say(message: FromNodeRed): void {
    if (process.connected) process.send?.(message);
  }

  /** Hears the readings of a device and kind, `""` for all of them, until the result is called. */
  listen(device: string, kind: string, hear: (reading: NodeRedReading) => void): () => void {
    const wish = { device, kind, hear };
    this.#wishes.add(wish);
    this.#tellWishes();
    return () => {
      this.#wishes.delete(wish);
      this.#tellWishes();
    };
  }

  listenAlerts(hear: (alert: GatewayAlert) => void): () => void {
    this.#alertListeners.add(hear);
    this.#tellWishes();
    return () => {
      this.#alertListeners.delete(hear);
      this.#tellWishes();
    };
  }

  /** Resolves once the reading is on the gateway's disk; rejects where it was refused. */
  deliver(device: string, kind: string, payload: string): Promise<void> {
    if (!process.connected) return Promise.reject(new Error("the gateway is gone 网关已断开"));
    if (this.#underWay.size >= underWay_max) {
      return Promise.reject(
        new Error(`more than ${underWay_max} readings wait for the disk: send slower 请降低发送频率`),
      );
    }
    const id = this.#next++;
    const settled = Promise.withResolvers<void>();
    this.#underWay.set(id, settled);
    this.say({ type: "deliver", id, device, kind, payload });
    return settled.promise;
  }

  #hear(message: ToNodeRed): void {
    switch (message.type) {
      case "ping":
        this.say({ type: "pong", n: message.n });
        break;
      case "reading":
        for (const { device, kind, hear } of this.#wishes) {
          const { reading } = message;
          if ((device === "" || device === reading.device) && (kind === "" || kind === reading.kind)) hear(reading);
        }
        break;
      case "alert":
        for (const hear of this.#alertListeners) hear(message.alert);
        break;
      case "delivered": {
        const settled = this.#underWay.get(message.id);
        this.#underWay.delete(message.id);
        if (message.refusal === null) settled?.resolve();
        else settled?.reject(new Error(message.refusal));
        break;
      }
    }
  }

  /** Once for all nodes that come and go with one deployment. */
  #tellWishes(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      const readings = [...this.#wishes].map(({ device, kind }) => ({ device, kind }));
      this.say({ type: "wanted", readings, alerts: this.#alertListeners.size > 0 });
    });
  }
}

export const link = new Link();
