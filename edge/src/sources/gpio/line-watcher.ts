import type { Clock } from "@gengfu/shared/time/clock";
import { valueMessage, type Message } from "../../intake/message.ts";
import { Chatter } from "./chatter.ts";
import { Debounce } from "./debounce.ts";
import type { Level } from "./line-driver.ts";
import type { GpioLineConfig } from "./schema.ts";

/** What may be wrong with what is wired to a line, though the line can be read. */
export type WiringTrouble = "chatter" | "stuck";

export interface LineWatcherOptions {
  readonly config: GpioLineConfig;
  readonly clock: Clock;
  /** What a count goes on from. */
  readonly total: number;
  /** Takes what the line says, and when by monotonic time it began to say so. */
  readonly tell: (message: Message, measured_ms: number) => void;
  /** Asks the hardware how the line stands, which comes by `level`; rejects where it can't be had. */
  readonly ask: () => Promise<void>;
  readonly onTrouble: (trouble: WiringTrouble, isOn: boolean) => void;
}

/** A count is told at most so often: so much of it, at most, a crash can lose. */
const count_interval_ms = 1_000;
/** A contact that chatters is told at most so often; a fire signal must reach the centre within 10 s. */
const chatter_interval_ms = 5_000;
/** What a contact may change in a minute, where the configuration does not say. */
export const contact_changes_max = 60;

/**
 * Makes readings of one line: its state at the start, each change once it has settled, and the state again from time
 * to time. A contact reads 1 while it signals, whether it does so by closing or by opening.
 */
export class LineWatcher {
  readonly #options: LineWatcherOptions;
  readonly #debounce: Debounce;
  readonly #chatter: Chatter;
  #value: 0 | 1 | null = null;
  #total: number;
  #told_ms: number | null = null;
  /** When the newest change began that is still to be told. */
  #untold_ms: number | null = null;
  #isStuck = false;
  #isRunning = false;
  #cancelTell: (() => void) | null = null;
  #cancelRepeat: (() => void) | null = null;
  #cancelStuck: (() => void) | null = null;

  constructor(options: LineWatcherOptions) {
    const { config, clock, total } = options;
    this.#options = options;
    this.#total = total;
    this.#chatter = new Chatter(
      config.chatter_per_minute ?? (config.kind === "contact" ? contact_changes_max : Infinity),
    );
    this.#debounce = new Debounce({
      debounce_ms: config.debounce,
      clock,
      onSettled: (level, since_ms) => this.#settled(level, since_ms),
    });
  }

  /** What has been counted. */
  get total(): number {
    return this.#total;
  }

  start(): void {
    this.#isRunning = true;
    this.#repeatLater();
    this.#watchForStuck();
  }

  /** Ends; what was still to be told is told. */
  stop(): void {
    this.#isRunning = false;
    if (this.#untold_ms !== null) this.#tell(this.#untold_ms);
    this.#debounce.stop();
    this.#cancelTell?.();
    this.#cancelRepeat?.();
    this.#cancelStuck?.();
    if (this.#isStuck) this.#options.onTrouble("stuck", false);
    if (this.#chatter.is) this.#options.onTrouble("chatter", false);
  }

  /** Takes a level, and when its edge came by the driver's clock, where it knows. */
  level(level: Level, edge_ms: number | null): void {
    if (this.#isRunning) this.#debounce.take(level, edge_ms);
  }

  #settled(level: Level, since_ms: number): void {
    const { config } = this.#options;
    const isClosed = (level === 1) !== config.active_low;
    const isFirst = this.#value === null;
    this.#value = isClosed === (config.normally === "open") ? 1 : 0;
    if (!isFirst) {
      if (this.#value === 1) this.#total += 1;
      this.#changed();
    }
    // a count does not change when its pulse ends
    if (config.kind === "contact" || this.#value === 1 || isFirst) this.#tellSoon(since_ms);
  }

  #changed(): void {
    this.#passChatter((chatter, now_ms) => chatter.change(now_ms));
    if (this.#isStuck) this.#options.onTrouble("stuck", false);
    this.#isStuck = false;
    this.#watchForStuck();
  }

  #passChatter(step: (chatter: Chatter, now_ms: number) => void): void {
    const before = this.#chatter.is;
    step(this.#chatter, this.#options.clock.monotonic());
    if (this.#chatter.is !== before) this.#options.onTrouble("chatter", this.#chatter.is);
  }

  #watchForStuck(): void {
    const { clock, config, onTrouble } = this.#options;
    if (config.stuck_after === undefined) return;
    this.#cancelStuck?.();
    this.#cancelStuck = clock.after(config.stuck_after, () => {
      this.#isStuck = true;
      onTrouble("stuck", true);
    });
  }

  #repeatLater(): void {
    const { clock, config, ask } = this.#options;
    this.#cancelRepeat = clock.after(config.repeat, () => {
      this.#repeatLater();
      this.#passChatter((chatter, now_ms) => chatter.pass(now_ms));
      const asked_ms = clock.monotonic();
      ask().then(
        () => {
          // what changed will be told by itself
          const isTold = this.#told_ms !== null && this.#told_ms >= asked_ms;
          if (this.#isRunning && !isTold && !this.#debounce.isPending) this.#tell(clock.monotonic());
        },
        // whoever keeps the line says so; of one that can't be had nothing is known
        () => undefined,
      );
    });
  }

  #tellSoon(since_ms: number): void {
    const { clock, config } = this.#options;
    const interval_ms = this.#chatter.is ? chatter_interval_ms : config.kind === "count" ? count_interval_ms : 0;
    const wait_ms = this.#told_ms === null ? 0 : this.#told_ms + interval_ms - clock.monotonic();
    if (wait_ms <= 0) return this.#tell(since_ms);
    if (this.#untold_ms === null) {
      this.#cancelTell = clock.after(wait_ms, () => this.#tell(this.#untold_ms ?? clock.monotonic()));
    }
    this.#untold_ms = since_ms;
  }

  #tell(measured_ms: number): void {
    const { clock, config, tell } = this.#options;
    if (this.#value === null) return;
    this.#cancelTell?.();
    this.#cancelTell = null;
    this.#untold_ms = null;
    this.#told_ms = clock.monotonic();
    const value = config.kind === "count" ? this.#total : this.#value;
    tell(valueMessage(config.kind, config.channel ?? null, value), measured_ms);
  }
}
