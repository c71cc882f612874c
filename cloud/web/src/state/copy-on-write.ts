/** A map that is copied when it is first written to, so that what nothing changed stays the same object. */
export class CopyOnWrite<Item> {
  readonly #base: ReadonlyMap<string, Item>;
  #copy: Map<string, Item> | undefined;

  constructor(base: ReadonlyMap<string, Item>) {
    this.#base = base;
  }

  get(key: string): Item | undefined {
    return (this.#copy ?? this.#base).get(key);
  }

  set(key: string, item: Item): void {
    this.#copy ??= new Map(this.#base);
    this.#copy.set(key, item);
  }

  /** The map as it stands now, without the keys that came first where there are more than `size_max`. */
  finish(size_max: number): ReadonlyMap<string, Item> {
    if (this.#copy === undefined) return this.#base;
    for (const key of this.#copy.keys()) {
      if (this.#copy.size <= size_max) break;
      this.#copy.delete(key);
    }
    return this.#copy;
  }
}
