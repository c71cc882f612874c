import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import type { Text } from "@gengfu/shared/model/text";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Deliver } from "../../intake/message.ts";
import type { Troubles } from "../../troubles.ts";
import { DeliveryQueue } from "../delivery-queue.ts";
import type { Source } from "../source.ts";
import { lineNumber, type GpioChip } from "./chip-lines.ts";
import type { GpioDriver, GpioLine } from "./gpio-driver.ts";
import { LineWatcher } from "./line-watcher.ts";
import type { LoadedDriver } from "./onoff-driver.ts";
import type { GpioConfig, GpioLineConfig } from "./schema.ts";

export interface GpioSourceOptions {
  readonly config: GpioConfig;
  readonly loadDriver: () => Promise<LoadedDriver>;
  readonly readChips: () => GpioChip[];
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Contacts that are wired to the gateway's own lines. */
export class GpioSource implements Source {
  readonly name = "gpio";
  readonly #options: GpioSourceOptions;
  #watchers: LineWatcher[] = [];
  #queue: DeliveryQueue | null = null;
  #droppedBefore = 0;

  constructor(options: GpioSourceOptions) {
    this.#options = options;
  }

  get dropped(): number {
    return this.#droppedBefore + (this.#queue?.dropped ?? 0);
  }

  async start(deliver: Deliver): Promise<void> {
    const { config, loadDriver, readChips, clock, logger } = this.#options;
    const loaded = await loadDriver();
    if ("unavailable" in loaded) {
      this.#complain("gpio", loaded.unavailable);
      return;
    }
    const queue = new DeliveryQueue({ deliver, clock, logger });
    this.#queue = queue;
    const chips = readChips();
    for (const wired of config.lines) this.#watch(wired, loaded.driver, chips, queue);
    logger.info({ lines: this.#watchers.length, of: config.lines.length }, "watching GPIO lines");
  }

  stop(): Promise<void> {
    for (const watcher of this.#watchers) watcher.stop();
    this.#watchers = [];
    this.#queue?.stop();
    this.#droppedBefore = this.dropped;
    this.#queue = null;
    return Promise.resolve();
  }

  #watch(wired: GpioLineConfig, driver: GpioDriver, chips: readonly GpioChip[], queue: DeliveryQueue): void {
    const { clock, logger, troubles } = this.#options;
    const { chip, offset, device } = wired;
    const subject = `gpio ${chip} ${offset}`;
    const number = lineNumber(chips, chip, offset);
    if (number === undefined) {
      const there = chips.map(({ label, lines }) => `${label} (${lines})`).join(", ");
      this.#complain(subject, {
        zh: `找不到 GPIO 线 ${chip} ${offset};本机有:${there}。请检查 edge.yaml 中的 chip 和 offset。`,
        en: `There is no GPIO line ${chip} ${offset}; this machine has ${there}. Check chip and offset in edge.yaml.`,
      });
      return;
    }
    let line: GpioLine;
    try {
      line = driver.open(number);
    } catch (error) {
      const reason = messageOf(error);
      this.#complain(subject, {
        zh: `无法使用 GPIO 线 ${chip} ${offset}(${reason}):可能被其他驱动占用。`,
        en: `The GPIO line ${chip} ${offset} can't be had (${reason}): another driver may hold it.`,
      });
      return;
    }
    const watcher = new LineWatcher({
      line,
      config: wired,
      clock,
      tell: (message, measured_ms) => queue.push(device, message, measured_ms),
      onTrouble: (error) => {
        if (error === null) {
          troubles.set(subject, null);
          logger.info({ chip, offset }, "a GPIO line can be read again");
          return;
        }
        this.#complain(subject, {
          zh: `无法读取 GPIO 线 ${chip} ${offset}(${messageOf(error)})。`,
          en: `The GPIO line ${chip} ${offset} can't be read (${messageOf(error)}).`,
        });
      },
    });
    this.#watchers.push(watcher);
    watcher.start();
  }

  #complain(subject: string, trouble: Text): void {
    this.#options.troubles.set(subject, trouble);
    this.#options.logger.warn({ subject }, trouble.en);
  }
}
