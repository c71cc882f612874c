/** Lets a publish pass: its PUBACK goes out, or with an error the connection is dropped without one. */
export type Acknowledge = (error?: Error | null) => void;

/** How a publish is acknowledged: by a callback, or by a PUBACK for its message id, which are written together. */
export type Acknowledgement = Acknowledge | number;

/** The connection as the queue needs it. */
export interface AckTarget {
  readonly isClosed: () => boolean;
  readonly write: (bytes: Buffer) => void;
  readonly drop: (error: Error) => void;
  /** Called after acknowledgements went out, with how many publishes still wait. */
  readonly settled: (held: number) => void;
}

interface Group {
  readonly durable: Promise<void>;
  readonly acknowledgements: Acknowledgement[];
  settled: boolean;
  error: Error | null;
}

const pubackHeader = 0x40_02;
const puback_bytes = 4;

/**
 * Acknowledges the publishes of one connection in the order in which they came, each once what it waits for is
 * durable. Publishes that wait for the same promise share one callback on it, and their PUBACKs one write.
 */
export class AckQueue {
  readonly #groups: Group[] = [];
  readonly #target: AckTarget;
  #held = 0;
  /** Set once the connection is to end because a publish was not taken over. */
  #isDropped = false;

  constructor(target: AckTarget) {
    this.#target = target;
  }

  /** How many publishes wait for their acknowledgement. */
  get held(): number {
    return this.#held;
  }

  hold(durable: Promise<void>, acknowledgement: Acknowledgement): void {
    this.#held += 1;
    const newest = this.#groups.at(-1);
    if (newest?.durable === durable) {
      newest.acknowledgements.push(acknowledgement);
      return;
    }
    const group: Group = { durable, acknowledgements: [acknowledgement], settled: false, error: null };
    this.#groups.push(group);
    durable.then(
      () => this.#settle(group, null),
      (error: unknown) => this.#settle(group, error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Acknowledges as soon as all before it are. */
  follow(acknowledgement: Acknowledgement): void {
    const newest = this.#groups.at(-1);
    if (newest === undefined) {
      this.#acknowledge([acknowledgement], null);
    } else {
      this.#held += 1;
      newest.acknowledgements.push(acknowledgement);
    }
  }

  #settle(settled: Group, error: Error | null): void {
    settled.settled = true;
    settled.error = error;
    for (;;) {
      const group = this.#groups[0];
      if (group?.settled !== true) break;
      this.#groups.shift();
      this.#held -= group.acknowledgements.length;
      this.#acknowledge(group.acknowledgements, group.error);
    }
    this.#target.settled(this.#held);
  }

  #acknowledge(acknowledgements: readonly Acknowledgement[], error: Error | null): void {
    let ids: number[] = [];
    const flush = (): void => {
      if (ids.length > 0) this.#target.write(pubacks(ids));
      ids = [];
    };
    for (const acknowledgement of acknowledgements) {
      // nobody is there any more: what is not acknowledged comes again, and is known then
      if (this.#isDropped || this.#target.isClosed()) return;
      if (error !== null) {
        this.#isDropped = true;
        // a turn later, so that the acknowledgements before it are out
        setImmediate(() => (typeof acknowledgement === "function" ? acknowledgement : this.#target.drop)(error));
      } else if (typeof acknowledgement === "function") {
        flush();
        acknowledgement();
      } else {
        ids.push(acknowledgement);
      }
    }
    flush();
  }
}

/** PUBACKs (section 3.4 of MQTT 3.1.1), one behind the other. */
function pubacks(messageIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(messageIds.length * puback_bytes);
  messageIds.forEach((id, index) => {
    bytes.writeUInt16BE(pubackHeader, index * puback_bytes);
    bytes.writeUInt16BE(id, index * puback_bytes + 2);
  });
  return bytes;
}
