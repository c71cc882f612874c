import { deviceTopic } from "@gengfu/firmware-contracts/contract/topics";
import type { Client, ConnectPacket } from "aedes";
import type { DeliveryTrail } from "../intake/delivery-trails.ts";
import { AckQueue } from "./ack-queue.ts";
import type { PacketGuard } from "./packet-guard.ts";

/** What the broker knows of one connection. */
export class Session {
  readonly guard: PacketGuard;
  readonly address: string;
  readonly acks: AckQueue;
  readonly subscriptions = new Set<string>();
  /** As the client claims; proven once `trail` is there. */
  device = "";
  /** As the client gave it; empty where it left that to the broker. */
  clientId = "";
  will: ConnectPacket["will"];
  stateTopic = "";
  /** The begin of the topics that the device may use. */
  prefix = "";
  trail: DeliveryTrail | null = null;

  constructor(client: Client, guard: PacketGuard, address: string) {
    this.guard = guard;
    this.address = address;
    this.acks = new AckQueue(() => client.closed);
  }

  /** Takes down who the client says that it is. */
  claim({ username, clientId, will }: ConnectPacket): void {
    this.device = username ?? "";
    this.clientId = clientId;
    this.will = will;
    this.stateTopic = deviceTopic(this.device, "state");
    this.prefix = this.stateTopic.slice(0, -"state".length);
  }

  owns(topic: string): boolean {
    return topic.length > this.prefix.length && topic.startsWith(this.prefix);
  }
}
