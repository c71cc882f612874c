import type { Kind } from "@gengfu/shared/model/reading";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Outputs } from "../outputs/output.ts";
import type { Troubles } from "../troubles.ts";
import { readChips } from "./gpio/chip-lines.ts";
import { GpioSource } from "./gpio/gpio-source.ts";
import { loadOnoffDriver } from "./gpio/onoff-driver.ts";
import { gpioSchema, type GpioConfig } from "./gpio/schema.ts";
import type { Source } from "./source.ts";

/** The sections of `edge.yaml` that each stand for a source; one that is left away is off. */
export const sourceSections = {
  gpio: gpioSchema.optional().describe("Contacts, pulses and outputs on the gateway's own lines."),
};

export interface SourcesConfig {
  readonly gpio?: GpioConfig | undefined;
}

/** What every source may need of the gateway. */
export interface SourceContext {
  readonly troubles: Troubles;
  readonly clock: Clock;
  /** A logger of the source's own. */
  readonly child: (component: string) => Logger;
  /** The gateway's folder of what must outlive a restart; it exists. */
  readonly data: string;
  /** What the gateway can switch, by name; switched only between a source's start and its stop. */
  readonly outputs: Outputs;
}

export function createSources({ gpio }: SourcesConfig, { troubles, clock, child }: SourceContext): Source[] {
  const sources: Source[] = [];
  if (gpio !== undefined) {
    const options = { config: gpio, loadDriver: loadOnoffDriver, readChips, troubles, clock };
    sources.push(new GpioSource({ ...options, logger: child("gpio") }));
  }
  return sources;
}

/** A series that a source fills, with its place in `edge.yaml`. */
export interface WiredSeries {
  readonly path: readonly PropertyKey[];
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | undefined;
}

/** What the configured sources fill, to be checked against what the site file says that its devices measure. */
export function wiredSeries({ gpio }: SourcesConfig): WiredSeries[] {
  return (gpio?.lines ?? []).map(({ device, kind, channel }, index) => ({
    path: ["gpio", "lines", index],
    device,
    kind,
    channel,
  }));
}
