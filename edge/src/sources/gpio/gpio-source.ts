import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { seriesOf } from "@gengfu/shared/model/reading";
import type { Text } from "@gengfu/shared/model/text";
import type { Clock } from "@gengfu/shared/time/clock";
import { formatDuration } from "@gengfu/shared/time/duration";
import type { Deliver } from "../../intake/message.ts";
import type { Troubles } from "../../troubles.ts";
import { DeliveryQueue } from "../delivery-queue.ts";
import type { Source } from "../source.ts";
import type { LineDriver } from "./line-driver.ts";
import { LineKeeper } from "./line-keeper.ts";
import { contact_changes_max, LineWatcher, type WiringTrouble } from "./line-watcher.ts";
import type { LoadedDriver } from "./load-driver.ts";
import { meanings, type GpioConfig, type GpioLineConfig } from "./schema.ts";

export interface GpioSourceOptions {
  readonly config: Pick<GpioConfig, "lines">;
  readonly loadDriver: () => Promise<LoadedDriver>;
  /** What the counts of an earlier process came to, by series. */
  readonly totals: ReadonlyMap<string, number>;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Watched {
  readonly series: string;
  /** Of the trouble that its line can't be had. */
  readonly subject: string;
  readonly keeper: LineKeeper;
  readonly watcher: LineWatcher;
}

/** Contacts and pulses that are wired to the gateway's own lines. */
export class GpioSource implements Source {
  readonly name = "gpio";
  readonly #options: GpioSourceOptions;
  readonly #totals: Map<string, number>;
  #watched: Watched[] = [];
  #queue: DeliveryQueue | null = null;
  #droppedBefore = 0;

  constructor(options: GpioSourceOptions) {
    this.#options = options;
    this.#totals = new Map(options.totals);
  }

  get dropped(): number {
    return this.#droppedBefore + (this.#queue?.dropped ?? 0);
  }

  async start(deliver: Deliver): Promise<void> {
    const { config, loadDriver, clock, logger } = this.#options;
    const loaded = await loadDriver();
    if ("unavailable" in loaded) {
      this.#complain("gpio", loaded.unavailable);
      return;
    }
    const queue = new DeliveryQueue({ deliver, clock, logger });
    this.#queue = queue;
    this.#watched = config.lines.map((line) => this.#watch(line, loaded.driver, queue));
    for (const { watcher } of this.#watched) watcher.start();
    await Promise.all(this.#watched.map(({ keeper }) => keeper.start()));
    const had = this.#watched.filter(({ keeper }) => keeper.has).length;
    logger.info({ lines: had, of: config.lines.length }, "watching GPIO lines");
  }

  async stop(): Promise<void> {
    const { troubles } = this.#options;
    const watched = this.#watched;
    this.#watched = [];
    for (const { series, watcher } of watched) {
      watcher.stop();
      this.#totals.set(series, watcher.total);
    }
    this.#queue?.stop();
    await Promise.all(watched.map(({ keeper }) => keeper.stop()));
    for (const { subject } of watched) troubles.set(subject, null);
    troubles.set("gpio", null);
    this.#droppedBefore = this.dropped;
    this.#queue = null;
  }

  #watch(line: GpioLineConfig, driver: LineDriver, queue: DeliveryQueue): Watched {
    const { clock } = this.#options;
    const { device, kind, channel = null } = line;
    const series = seriesOf({ device, kind, channel });
    const keeper = new LineKeeper({
      place: line,
      driver,
      clock,
      onLevel: (level, edge_ms) => watcher.level(level, edge_ms),
      onTrouble: (error) => this.#lineTrouble(line, error),
    });
    const watcher = new LineWatcher({
      config: line,
      clock,
      total: this.#totals.get(series) ?? 0,
      tell: (message, measured_ms) => queue.push(device, message, measured_ms),
      // pulses that came while a line is asked for its level might not be counted
      ask: () => keeper.ask(kind === "count" ? "probe" : "refresh"),
      onTrouble: (trouble, isOn) => this.#wiringTrouble(line, trouble, isOn),
    });
    return { series, subject: subjectOf(line), keeper, watcher };
  }

  #lineTrouble(line: GpioLineConfig, error: unknown): void {
    const { troubles, logger } = this.#options;
    const subject = subjectOf(line);
    if (error === null) {
      troubles.set(subject, null);
      logger.info({ subject }, "a GPIO line can be had");
      return;
    }
    const reason = messageOf(error);
    const what = whatOf(line);
    this.#complain(subject, {
      zh: `无法使用 GPIO 线 ${what.zh}:${reason}。请检查接线、edge.yaml 中的 chip 和 offset,以及是否被其他程序占用。`,
      en: `The GPIO line ${what.en} can't be had: ${reason}. Check its wiring, chip and offset in edge.yaml, and that nothing else holds it.`,
    });
  }

  #wiringTrouble(line: GpioLineConfig, trouble: WiringTrouble, isOn: boolean): void {
    const subject = `${subjectOf(line)} ${trouble}`;
    if (!isOn) {
      this.#options.troubles.set(subject, null);
      return;
    }
    const what = whatOf(line);
    if (trouble === "stuck") {
      const time = formatDuration(line.stuck_after ?? 0);
      this.#complain(subject, {
        zh: `GPIO 线 ${what.zh} 已有 ${time} 没有变化:请检查所接设备和接线是否断开。`,
        en: `The GPIO line ${what.en} has not changed for ${time}: check what is wired to it, and the wire.`,
      });
      return;
    }
    const changes = line.chatter_per_minute ?? contact_changes_max;
    this.#complain(subject, {
      zh: `GPIO 线 ${what.zh} 频繁跳变,一分钟内超过 ${changes} 次:请检查触点、接线和上拉电阻;读数已减少。`,
      en: `The GPIO line ${what.en} chatters, more than ${changes} changes a minute: check contact, wire and pull-up; it is told less often.`,
    });
  }

  #complain(subject: string, trouble: Text): void {
    this.#options.troubles.set(subject, trouble);
    this.#options.logger.warn({ subject }, trouble.en);
  }
}

function subjectOf({ chip, offset }: GpioLineConfig): string {
  return `gpio ${chip} ${offset}`;
}

/** A line as people know it: where it is, and what is wired to it. */
function whatOf({ chip, offset, device, channel, meaning }: GpioLineConfig): Text {
  const name = meaning === undefined ? { zh: channel ?? "", en: channel ?? "" } : meanings[meaning];
  const text = (named: string): string =>
    `${chip} ${offset} (${[device, named].filter((part) => part !== "").join(" ")})`;
  return { zh: text(name.zh), en: text(name.en) };
}
