import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import { loadDriver, type LineUse, type LoadedDriver } from "../sources/gpio/load-driver.ts";
import type { DriverName, GpioConfig } from "../sources/gpio/schema.ts";
import type { Troubles } from "../troubles.ts";
import { GpioOutput } from "./gpio-output.ts";
import type { Outputs } from "./output.ts";

export interface OutputsConfig {
  readonly gpio?: GpioConfig | undefined;
}

export interface OutputsContext {
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly child: (component: string) => Logger;
  readonly load?: (name: DriverName, use: LineUse, clock: Clock) => Promise<LoadedDriver>;
}

/** The gateway's outputs, and what starts them safe and leaves them safe. */
export interface RunningOutputs {
  /** All that are configured, also those whose hardware is not there: these reject. */
  readonly outputs: Outputs;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createOutputs({ gpio }: OutputsConfig, context: OutputsContext): RunningOutputs {
  const { troubles, clock, child, load = loadDriver } = context;
  const logger = child("outputs");
  const all = (gpio?.outputs ?? []).map((config) => new GpioOutput({ config, troubles, clock, logger }));
  // a bug ends the process without stopping anything
  const atExit = (): void => {
    for (const output of all) output.stopNow();
  };
  return {
    outputs: new Map(all.map((output) => [output.name, output])),
    async start() {
      if (gpio === undefined || all.length === 0) return;
      const loaded = await load(gpio.driver, "outputs", clock);
      if ("unavailable" in loaded) {
        troubles.set("outputs", loaded.unavailable);
        logger.warn(loaded.unavailable.en);
        return;
      }
      process.on("exit", atExit);
      await Promise.all(all.map((output) => output.start(loaded.driver)));
      logger.info({ outputs: all.map(({ name }) => name) }, "outputs are safe and ready");
    },
    async stop() {
      await Promise.all(all.map((output) => output.stop()));
      process.off("exit", atExit);
      troubles.set("outputs", null);
    },
  };
}
