import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Level, LineDriver, OutputLine } from "../sources/gpio/line-driver.ts";
import type { GpioOutputConfig } from "../sources/gpio/schema.ts";
import type { Troubles } from "../troubles.ts";
import type { Output } from "./output.ts";

export interface GpioOutputOptions {
  readonly config: GpioOutputConfig;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After how long a line that can't be had is tried again. */
const retry_ms = 5_000;

/**
 * An output on a line of the gateway's own. It is safe from `start` on until someone switches it, and again from `stop`
 * on. A line that is lost is taken again, and set as it was last wanted.
 */
export class GpioOutput implements Output {
  readonly name: string;
  readonly #options: GpioOutputOptions;
  readonly #subject: string;
  readonly #safe: boolean;
  #driver: LineDriver | null = null;
  #line: OutputLine | null = null;
  #wanted: boolean;
  /** Null where it is not known how the hardware stands. */
  #actual: boolean | null = null;
  #settling: Promise<void> | null = null;
  #cancelRetry: (() => void) | null = null;
  #isInTrouble = false;

  constructor(options: GpioOutputOptions) {
    const { name, safe } = options.config;
    this.name = name;
    this.#options = options;
    this.#subject = `output ${name}`;
    this.#safe = safe === "on";
    this.#wanted = this.#safe;
  }

  /** Takes the line, safe; where it can't be had says so, and goes on trying. */
  async start(driver: LineDriver): Promise<void> {
    this.#driver = driver;
    await this.set(this.#safe).catch(() => this.#options.logger.debug({ output: this.name }, "not there at the start"));
  }

  /** Leaves it safe, and lets go of the line. */
  async stop(): Promise<void> {
    try {
      // written though it should stand so: another program may have switched it
      this.#actual = null;
      if (this.#driver !== null) await this.set(this.#safe);
    } catch (error) {
      this.#options.logger.error({ output: this.name, reason: messageOf(error) }, "an output could not be made safe");
    }
    this.#driver = null;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    await this.#let();
    this.#options.troubles.set(this.#subject, null);
    this.#isInTrouble = false;
  }

  /** Makes it safe in a process that ends at once. */
  stopNow(): void {
    try {
      this.#line?.writeNow(this.#level(this.#safe));
    } catch (error) {
      this.#options.logger.error({ output: this.name, reason: messageOf(error) }, "an output could not be made safe");
    }
  }

  /** Where it is set again before it has been, the last one counts for all who wait. */
  set(on: boolean): Promise<void> {
    const driver = this.#driver;
    if (driver === null) {
      const why = `the output ${this.name} is not in operation`;
      return Promise.reject(new GengfuError("output_unavailable", why, { retryable: true }));
    }
    this.#wanted = on;
    // a turn later, so that it is noted before it may be over
    this.#settling ??= Promise.resolve().then(() => this.#settle(driver));
    return this.#settling;
  }

  async #settle(driver: LineDriver): Promise<void> {
    try {
      while (this.#actual !== this.#wanted) {
        const wanted = this.#wanted;
        this.#actual = null;
        if (this.#line === null) {
          this.#line = await driver.openOutput(this.#options.config, this.#level(wanted), (error) => this.#lose(error));
        } else {
          await this.#line.write(this.#level(wanted));
        }
        this.#actual = wanted;
      }
      this.#complain(null);
    } catch (error) {
      await this.#let();
      this.#lose(error);
      throw error;
    } finally {
      // at once with the last look at what is wanted
      this.#settling = null;
    }
  }

  #level(on: boolean): Level {
    return on === this.#options.config.active_low ? 0 : 1;
  }

  #lose(error: unknown): void {
    this.#complain(error);
    void this.#let();
    if (this.#driver === null) return;
    this.#cancelRetry ??= this.#options.clock.after(retry_ms, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    this.#cancelRetry = null;
    try {
      await this.set(this.#wanted);
    } catch (error) {
      // the next try is set
      this.#complain(error);
    }
  }

  async #let(): Promise<void> {
    const line = this.#line;
    this.#line = null;
    this.#actual = null;
    try {
      await line?.close();
    } catch (error) {
      this.#options.logger.debug({ output: this.name, reason: messageOf(error) }, "a line could not be given back");
    }
  }

  #complain(error: unknown): void {
    const { troubles, logger, config } = this.#options;
    if ((error !== null) === this.#isInTrouble) return;
    this.#isInTrouble = error !== null;
    if (error === null) {
      troubles.set(this.#subject, null);
      logger.info({ output: this.name }, "an output works again");
      return;
    }
    const { chip, offset } = config;
    const reason = messageOf(error);
    const en = `The output ${this.name} (${chip} ${offset}) can't be switched: ${reason}. Check its wiring and edge.yaml.`;
    troubles.set(this.#subject, {
      zh: `输出 ${this.name}(${chip} ${offset})无法控制:${reason}。请检查接线和 edge.yaml。`,
      en,
    });
    logger.warn({ output: this.name }, en);
  }
}
