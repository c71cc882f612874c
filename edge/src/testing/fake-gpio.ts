import type { GpioDriver, GpioLine } from "../sources/gpio/gpio-driver.ts";

/** Lines that a test moves, and an account of who holds them. */
export class FakeGpio implements GpioDriver {
  readonly levels = new Map<number, 0 | 1>();
  readonly #watchers = new Map<number, () => void>();
  readonly #open = new Set<number>();
  failing: Error | null = null;

  /** Lines that are held at present. */
  get held(): number {
    return this.#open.size;
  }

  /** Sets the level of a line; like the kernel, it tells of an edge and not of what it was. */
  set(line: number, level: 0 | 1): void {
    if (this.levels.get(line) === level) return;
    this.levels.set(line, level);
    this.#watchers.get(line)?.();
  }

  open(line: number): GpioLine {
    if (this.#open.has(line)) throw new Error("EBUSY: resource busy or locked");
    this.#open.add(line);
    return {
      read: () => {
        if (this.failing !== null) throw this.failing;
        return this.levels.get(line) ?? 0;
      },
      watch: (onEdge) => void this.#watchers.set(line, onEdge),
      close: () => {
        this.#watchers.delete(line);
        this.#open.delete(line);
      },
    };
  }
}
