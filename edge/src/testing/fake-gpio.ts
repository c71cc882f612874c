import type { InputListener, Level, LineDriver, LinePlace } from "../sources/gpio/line-driver.ts";
import { lineMissing } from "../sources/gpio/sysfs-driver.ts";

const chips = [{ label: "pinctrl-bcm2835", lines: 54 }];

/** Lines of one chip that a test moves and looks at, and an account of who holds them. */
export class FakeGpio implements LineDriver {
  /** By offset; outputs too. */
  readonly levels = new Map<number, Level>();
  /** What was written to outputs, oldest first. */
  readonly written: [offset: number, level: Level][] = [];
  readonly #listeners = new Map<number, InputListener>();
  readonly #open = new Set<number>();
  /** Why no line can be opened, read or written at present. */
  failing: Error | null = null;

  /** Lines that are held at present. */
  get held(): number {
    return this.#open.size;
  }

  /** Sets the level of a line, and tells of the edge, and when it came where the driver is to know. */
  set(offset: number, level: Level, edge_ms: number | null = null): void {
    if (this.levels.get(offset) === level) return;
    this.levels.set(offset, level);
    this.#listeners.get(offset)?.onLevel(level, edge_ms);
  }

  /** Takes the line away from whoever holds it. */
  vanish(offset: number): void {
    this.#listeners.get(offset)?.onLost(new Error("ENODEV: no such device"));
  }

  async openInput(place: LinePlace, listener: InputListener) {
    const { offset } = place;
    await this.#take(place);
    const level = async (): Promise<Level> => {
      await this.#work();
      return this.levels.get(offset) ?? 0;
    };
    listener.onLevel(await level(), null);
    this.#listeners.set(offset, listener);
    return {
      refresh: async () => listener.onLevel(await level(), null),
      probe: async () => void (await level()),
      close: () => {
        this.#listeners.delete(offset);
        return this.#give(offset);
      },
    };
  }

  async openOutput(place: LinePlace, level: Level) {
    const { offset } = place;
    await this.#take(place);
    const write = async (next: Level): Promise<void> => {
      await this.#work();
      this.levels.set(offset, next);
      this.written.push([offset, next]);
    };
    await write(level);
    return {
      write,
      writeNow: (next: Level) => void this.levels.set(offset, next),
      close: () => this.#give(offset),
    };
  }

  async #take(place: LinePlace): Promise<void> {
    const { chip, offset } = place;
    await this.#work();
    if (!chips.some(({ label, lines }) => label === chip && offset < lines)) throw lineMissing(place, chips);
    if (this.#open.has(offset)) throw new Error("EBUSY: resource busy or locked");
    this.#open.add(offset);
  }

  #give(offset: number): Promise<void> {
    this.#open.delete(offset);
    return Promise.resolve();
  }

  #work(): Promise<void> {
    return this.failing === null ? Promise.resolve() : Promise.reject(this.failing);
  }
}
