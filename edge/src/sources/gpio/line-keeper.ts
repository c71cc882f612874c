import type { Clock } from "@gengfu/shared/time/clock";
import type { InputLine, Level, LineDriver, LinePlace } from "./line-driver.ts";

export interface LineKeeperOptions {
  readonly place: LinePlace;
  readonly driver: LineDriver;
  readonly clock: Clock;
  readonly onLevel: (level: Level, edge_ms: number | null) => void;
  /** Told why the line can't be had, once, and with null when it can again. */
  readonly onTrouble: (error: unknown) => void;
}

/** After how long a line that can't be had is tried again. */
const retry_ms = 5_000;

/** Holds an input: one that is not there, is taken, or vanishes is tried again until it is to be had. */
export class LineKeeper {
  readonly #options: LineKeeperOptions;
  #line: InputLine | null = null;
  /** Each opening has a number: what comes from an earlier one counts no more. */
  #opening = 0;
  #work = Promise.resolve();
  #isRunning = false;
  #isInTrouble = false;
  #cancelRetry: (() => void) | null = null;

  constructor(options: LineKeeperOptions) {
    this.#options = options;
  }

  /** Whether it has the line at present. */
  get has(): boolean {
    return this.#line !== null;
  }

  start(): Promise<void> {
    this.#isRunning = true;
    return this.#inTurn(() => this.#open());
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    await this.#inTurn(() => this.#close());
    this.#isInTrouble = false;
  }

  /** Has the line tell its level, or only looks whether it is there; rejects where it is not. */
  ask(how: "refresh" | "probe"): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#line === null) throw new Error("the line is not to be had");
      try {
        await this.#line[how]();
      } catch (error) {
        await this.#lose(error);
        throw error;
      }
    });
  }

  /** One thing at a time: a line is neither asked nor opened while it is being closed. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #open(): Promise<void> {
    if (!this.#isRunning || this.#line !== null) return;
    const { driver, place, onLevel, onTrouble } = this.#options;
    this.#opening += 1;
    const opening = this.#opening;
    try {
      this.#line = await driver.openInput(place, {
        onLevel: (level, edge_ms) => {
          if (opening === this.#opening) onLevel(level, edge_ms);
        },
        onLost: (error) => {
          if (opening === this.#opening) void this.#inTurn(() => this.#lose(error));
        },
      });
    } catch (error) {
      await this.#lose(error);
      return;
    }
    if (this.#isInTrouble) onTrouble(null);
    this.#isInTrouble = false;
  }

  async #lose(error: unknown): Promise<void> {
    await this.#close();
    if (!this.#isRunning) return;
    if (!this.#isInTrouble) this.#options.onTrouble(error);
    this.#isInTrouble = true;
    this.#cancelRetry ??= this.#options.clock.after(retry_ms, () => {
      this.#cancelRetry = null;
      void this.#inTurn(() => this.#open());
    });
  }

  async #close(): Promise<void> {
    const line = this.#line;
    this.#line = null;
    this.#opening += 1;
    // a line that is gone need not be given back
    await line?.close().catch(() => undefined);
  }
}
