import type { Socket } from "node:net";
import { deviceTopic } from "@gengfu/firmware-contracts/contract/topics";
import { AckQueue } from "@gengfu/shared/mqtt/ack-queue";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Client, ConnectPacket } from "aedes";
import type { DeliveryTrail } from "../intake/delivery-trails.ts";
import type { FloodMeter } from "./flood-watch.ts";
import type { ForeignSession } from "./foreign-door.ts";
import type { PublishLane } from "./publish-lane.ts";

/** How often a publish goes through aedes, which ends connections that it hears nothing of for 1.5 keep-alives. */
const signOfLife_ms = 500;

export interface SessionOptions {
  readonly client: Client;
  readonly socket: Socket;
  readonly lane: PublishLane;
  readonly address: string;
  /** With fewer publishes held than this, reading goes on. */
  readonly resumeBelow: number;
}

/** What the broker knows of one connection. */
export class Session {
  readonly lane: PublishLane;
  readonly address: string;
  readonly acks: AckQueue;
  readonly subscriptions = new Set<string>();
  readonly #socket: Socket;
  /** As the client claims; proven once `trail` is there. */
  device = "";
  /** As the client gave it; empty where it left that to the broker. */
  clientId = "";
  will: ConnectPacket["will"];
  stateTopic = "";
  /** The begin of the topics that the device may use. */
  prefix = "";
  trail: DeliveryTrail | null = null;
  /** What it sends is counted here; null until it has signed on. */
  meter: FloodMeter | null = null;
  /** Set where it doesn't speak the contract. */
  foreign: ForeignSession | null = null;
  #lastSign_ms = -Infinity;
  #cancelResume: (() => void) | null = null;

  constructor({ client, socket, lane, address, resumeBelow }: SessionOptions) {
    this.lane = lane;
    this.address = address;
    this.#socket = socket;
    this.acks = new AckQueue({
      isClosed: () => client.closed,
      write: (bytes) => void socket.write(bytes),
      drop: (error) => this.drop(error),
      settled: (held) => {
        if (held < resumeBelow) this.resume();
      },
    });
  }

  /** Whose connection it is, for a line of the log. */
  get about(): { device: string; address: string } {
    return { device: this.device, address: this.address };
  }

  /** Ends the connection as one that did what it must not. */
  drop(error: Error): void {
    this.#socket.destroy(error);
  }

  /** Reads on. */
  resume(): void {
    if (this.#socket.readableLength > 0) this.#socket.emit("readable");
  }

  /** Reads on after a while. */
  resumeIn(clock: Clock, delay_ms: number): void {
    this.#cancelResume ??= clock.after(delay_ms, () => {
      this.#cancelResume = null;
      this.resume();
    });
  }

  /** The connection has ended. */
  close(clean: boolean): void {
    this.#cancelResume?.();
    this.foreign?.close(clean);
  }

  /** Says now and then that the next publish should go through aedes. */
  showsItIsAlive(now_ms: number): boolean {
    if (now_ms - this.#lastSign_ms < signOfLife_ms) return false;
    this.#lastSign_ms = now_ms;
    return true;
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
    if (this.foreign !== null) return this.foreign.owns(topic);
    return topic.length > this.prefix.length && topic.startsWith(this.prefix);
  }
}
