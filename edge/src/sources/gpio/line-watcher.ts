import type { Clock } from "@gengfu/shared/time/clock";
import { valueMessage, type Message } from "../../intake/message.ts";
import type { GpioLine } from "./gpio-driver.ts";
import type { GpioLineConfig } from "./schema.ts";

export interface LineWatcherOptions {
  readonly line: GpioLine;
  readonly config: GpioLineConfig;
  readonly clock: Clock;
  /** Takes what the line says, and when by monotonic time it began to say so. */
  readonly tell: (message: Message, measured_ms: number) => void;
  /** Told when the line can't be read, and with null when it can again. */
  readonly onTrouble: (error: unknown) => void;
}

/** A line that never comes to rest is read all the same after so many times its debounce. */
const restless_debounces = 10;

/**
 * Makes readings of one line: its state at the start, each change once it has settled, and the state again from time
 * to time. A contact reads 1 while it signals, whether it does so by closing or by opening.
 */
export class LineWatcher {
  readonly #options: LineWatcherOptions;
  #reported: 0 | 1 | null = null;
  #closings = 0;
  /** When the first edge came of those that have not settled, by monotonic time. */
  #edge_ms: number | null = null;
  #cancelSettle: (() => void) | null = null;
  #cancelRepeat: (() => void) | null = null;
  #isInTrouble = false;

  constructor(options: LineWatcherOptions) {
    this.#options = options;
  }

  start(): void {
    const { line } = this.#options;
    line.watch(() => this.#edge());
    this.#settle(this.#options.clock.monotonic());
    this.#repeatLater();
  }

  stop(): void {
    this.#cancelSettle?.();
    this.#cancelRepeat?.();
    this.#options.line.close();
  }

  #edge(): void {
    const { clock, config } = this.#options;
    const now_ms = clock.monotonic();
    this.#edge_ms ??= now_ms;
    this.#cancelSettle?.();
    const since_ms = this.#edge_ms;
    const rest_ms = Math.min(config.debounce, since_ms + restless_debounces * config.debounce - now_ms);
    if (rest_ms <= 0) this.#settle(since_ms);
    else this.#cancelSettle = clock.after(rest_ms, () => this.#settle(since_ms));
  }

  #settle(since_ms: number): void {
    this.#edge_ms = null;
    this.#cancelSettle = null;
    const value = this.#read();
    if (value === null || value === this.#reported) return;
    if (this.#reported === 0 && value === 1) this.#closings += 1;
    this.#reported = value;
    this.#tell(since_ms);
  }

  #repeatLater(): void {
    const { clock, config } = this.#options;
    this.#cancelRepeat = clock.after(config.repeat, () => {
      this.#repeatLater();
      // a change that has not settled will be told by itself
      if (this.#edge_ms !== null) return;
      const before = this.#reported;
      this.#settle(clock.monotonic());
      if (this.#reported === before && !this.#isInTrouble) this.#tell(clock.monotonic());
    });
  }

  #tell(measured_ms: number): void {
    const { config, tell } = this.#options;
    if (this.#reported === null) return;
    const value = config.kind === "count" ? this.#closings : this.#reported;
    tell(valueMessage(config.kind, config.channel ?? null, value), measured_ms);
  }

  #read(): 0 | 1 | null {
    const { line, config, onTrouble } = this.#options;
    try {
      const isClosed = (line.read() === 1) !== config.active_low;
      if (this.#isInTrouble) onTrouble(null);
      this.#isInTrouble = false;
      return isClosed === (config.normally === "open") ? 1 : 0;
    } catch (error) {
      if (!this.#isInTrouble) onTrouble(error);
      this.#isInTrouble = true;
      return null;
    }
  }
}
