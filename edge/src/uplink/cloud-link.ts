/** A connection to the cloud that stands. */
export interface CloudLink {
  /** Publishes at QoS 1; `acknowledged` is called at the PUBACK, never after the link is lost. */
  publish(topic: string, payload: Uint8Array, acknowledged: () => void): void;
  /** Publishes at QoS 0. */
  tell(topic: string, payload: string): void;
  /** Asks for what the cloud publishes on a topic; resolves once it has granted that, never where it doesn't. */
  listen(topic: string, take: (payload: Uint8Array) => void): Promise<void>;
  /** Resolves with the reason when the connection is lost, or was closed. */
  readonly lost: Promise<string>;
  close(): void;
}

/** Makes a connection: resolves once the cloud has accepted it, rejects where it can't be had. */
export type Dial = (signal: AbortSignal) => Promise<CloudLink>;
