/** Lets a publish pass: its PUBACK goes out, or with an error the connection is dropped without one. */
export type Acknowledge = (error?: Error | null) => void;

interface Group {
  readonly durable: Promise<void>;
  readonly acknowledge: Acknowledge[];
  settled: boolean;
  error: Error | null;
}

/**
 * Acknowledges the publishes of one connection in the order in which they came, each once what it waits for is
 * durable. Publishes that wait for the same promise share one callback on it.
 */
export class AckQueue {
  readonly #groups: Group[] = [];
  readonly #isClosed: () => boolean;

  constructor(isClosed: () => boolean) {
    this.#isClosed = isClosed;
  }

  hold(durable: Promise<void>, acknowledge: Acknowledge): void {
    const newest = this.#groups.at(-1);
    if (newest?.durable === durable) {
      newest.acknowledge.push(acknowledge);
      return;
    }
    const group: Group = { durable, acknowledge: [acknowledge], settled: false, error: null };
    this.#groups.push(group);
    durable.then(
      () => this.#settle(group, null),
      (error: unknown) => this.#settle(group, error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Acknowledges as soon as all before it are. */
  follow(acknowledge: Acknowledge): void {
    const newest = this.#groups.at(-1);
    if (newest === undefined) acknowledge();
    else newest.acknowledge.push(acknowledge);
  }

  /** A turn later, since dropping the connection at once would take acknowledgements with it that are being written. */
  #drop({ acknowledge }: Group, error: Error): void {
    setImmediate(() => {
      if (!this.#isClosed()) acknowledge[0]?.(error);
    });
  }

  #settle(settled: Group, error: Error | null): void {
    settled.settled = true;
    settled.error = error;
    for (;;) {
      const group = this.#groups[0];
      if (group?.settled !== true) return;
      this.#groups.shift();
      if (group.error !== null) return this.#drop(group, group.error);
      for (const acknowledge of group.acknowledge) {
        // nobody is there any more: what is not acknowledged comes again, and is known then
        if (this.#isClosed()) return;
        acknowledge();
      }
    }
  }
}
