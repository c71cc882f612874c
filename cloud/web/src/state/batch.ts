/**
 * Gathers what comes one by one and hands it on together, as often as `schedule` calls back. At its bound it drops all
 * that it holds and says so: its owner then fetches everything anew, which is cheaper than to catch up.
 */
export interface BatcherOptions<Item> {
  readonly size_max: number;
  /** Calls back once, when it is time to hand on. */
  readonly schedule: (callback: () => void) => void;
  readonly flush: (items: readonly Item[]) => void;
  readonly onOverflow: (dropped: number) => void;
}

export class Batcher<Item> {
  readonly #options: BatcherOptions<Item>;
  #items: Item[] = [];
  #scheduled = false;
  #held = false;

  constructor(options: BatcherOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    const { size_max, onOverflow } = this.#options;
    if (this.#items.length >= size_max) {
      const dropped = this.#items.length + 1;
      this.#items = [];
      onOverflow(dropped);
      return;
    }
    this.#items.push(item);
    this.#arrange();
  }

  /** Keeps what comes from now on until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#arrange();
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#items = [];
  }

  #arrange(): void {
    if (this.#scheduled || this.#held || this.#items.length === 0) return;
    this.#scheduled = true;
    this.#options.schedule(() => {
      this.#scheduled = false;
      if (this.#held || this.#items.length === 0) return;
      const items = this.#items;
      this.#items = [];
      this.#options.flush(items);
    });
  }
}
