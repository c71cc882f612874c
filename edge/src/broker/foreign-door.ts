import type { Publish } from "./publish-taker.ts";

/** What the broker has to do with those who sign on and don't speak the contract. */
export interface ForeignDoor {
  /** The session of a user that is one of them; undefined where it is none. */
  open(user: string, clientId: string): ForeignSession | undefined;
  /** Someone signed on under a name that nobody has. */
  refused(name: string): void;
}

/** The connection of one of them. */
export interface ForeignSession {
  /** Whether it may publish there, and be told what is published there. */
  owns(filter: string): boolean;
  /** Takes a publish over; resolves once all that it tells is durable. Null where it tells nothing. */
  take(publish: Publish): Promise<void> | null;
  /** The connection ended; `clean` where the client said so itself. */
  close(clean: boolean): void;
}
