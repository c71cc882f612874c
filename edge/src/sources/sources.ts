import type { Kind } from "@gengfu/shared/model/reading";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Outputs } from "../outputs/output.ts";
import type { SignalsConfig } from "../taps/reader-signals.ts";
import type { Troubles } from "../troubles.ts";
import { CurrentLoopSource } from "./current-loop/current-loop-source.ts";
import { currentLoopSchema, type CurrentLoopConfig } from "./current-loop/schema.ts";
import { GpioSource } from "./gpio/gpio-source.ts";
import { loadDriver } from "./gpio/load-driver.ts";
import { gpioSchema, type GpioConfig } from "./gpio/schema.ts";
import { keyboardSource } from "./keyboard-reader/keyboard-source.ts";
import { keyboardReadersSchema, type KeyboardReadersConfig } from "./keyboard-reader/schema.ts";
import { modbusSource } from "./modbus/modbus-source.ts";
import { modbusSchema, registersOf, type ModbusConfig } from "./modbus/schema.ts";
import { OnewireSource } from "./onewire/onewire-source.ts";
import { onewireSchema, type OnewireConfig } from "./onewire/schema.ts";
import { pn532Source } from "./pn532/pn532-source.ts";
import { pn532Schema, type Pn532Config } from "./pn532/schema.ts";
import type { Source } from "./source.ts";

/** The sections of `edge.yaml` that each stand for a source; one that is left away is off. */
export const sourceSections = {
  gpio: gpioSchema.optional().describe("Contacts, pulses and outputs on the gateway's own lines."),
  onewire: onewireSchema.optional().describe("Thermometers on the gateway's 1-Wire bus."),
  modbus: modbusSchema.optional().describe("Controllers and transmitters by Modbus, TCP or RTU."),
  current_loop: currentLoopSchema
    .optional()
    .describe("Transmitters of 4 to 20 mA at a converter of the gateway's own."),
  pn532: pn532Schema.optional().describe("NFC readers of the kind PN532 at serial ports."),
  keyboard_readers: keyboardReadersSchema
    .optional()
    .describe("USB readers that type a card's number as a keyboard does."),
};

export interface SourcesConfig {
  readonly gpio?: GpioConfig | undefined;
  readonly onewire?: OnewireConfig | undefined;
  readonly modbus?: ModbusConfig | undefined;
  readonly current_loop?: CurrentLoopConfig | undefined;
  readonly pn532?: Pn532Config | undefined;
  readonly keyboard_readers?: KeyboardReadersConfig | undefined;
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
  /** What counts stood at when they were last told, by series: counts of the gateway's own go on from there. */
  readonly totals: ReadonlyMap<string, number>;
}

export function createSources(
  { gpio, onewire, modbus, current_loop, pn532, keyboard_readers }: SourcesConfig,
  { troubles, clock, child, totals }: SourceContext,
): Source[] {
  const sources: Source[] = [];
  if (gpio !== undefined && gpio.lines.length > 0) {
    const load = () => loadDriver(gpio.driver, "inputs", clock);
    sources.push(new GpioSource({ config: gpio, loadDriver: load, totals, troubles, clock, logger: child("gpio") }));
  }
  if (onewire !== undefined) {
    sources.push(new OnewireSource({ config: onewire, troubles, clock, logger: child("onewire") }));
  }
  if (modbus !== undefined) sources.push(modbusSource({ config: modbus, troubles, clock, logger: child("modbus") }));
  if (current_loop !== undefined) {
    sources.push(new CurrentLoopSource({ config: current_loop, troubles, clock, logger: child("current-loop") }));
  }
  if (pn532 !== undefined) sources.push(pn532Source({ config: pn532, troubles, clock, logger: child("pn532") }));
  if (keyboard_readers !== undefined) {
    const options = { config: keyboard_readers, troubles, clock };
    sources.push(keyboardSource({ ...options, logger: child("keyboard-readers") }));
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
export function wiredSeries(config: SourcesConfig): WiredSeries[] {
  const { gpio, onewire, modbus, current_loop } = config;
  return [
    ...(gpio?.lines ?? []).map(({ device, kind, channel }, index) => ({
      path: ["gpio", "lines", index],
      device,
      kind,
      channel,
    })),
    ...(onewire?.sensors ?? []).map(({ device, channel }, index) => ({
      path: ["onewire", "sensors", index],
      device,
      kind: "temperature" as const,
      channel,
    })),
    ...(modbus === undefined ? [] : registersOf(modbus)).map(({ path, register: { device, kind, channel } }) => ({
      path: ["modbus", ...path],
      device,
      kind,
      channel,
    })),
    ...(current_loop?.inputs ?? []).map(({ device, kind, channel }, index) => ({
      path: ["current_loop", "inputs", index],
      device,
      kind,
      channel,
    })),
    ...wiredReaders(config).map(({ path, device }) => ({ path, device, kind: "tap" as const, channel: undefined })),
  ];
}

/** What wired readers show taps with, by reader. */
export function readerSignals(config: SourcesConfig): ReadonlyMap<string, SignalsConfig> {
  return new Map(wiredReaders(config).map(({ device, signals }) => [device, signals]));
}

/** The outputs that wired readers name, each with its place in `edge.yaml`, to be checked against those that there are. */
export function namedOutputs(config: SourcesConfig): { path: readonly PropertyKey[]; output: string }[] {
  return wiredReaders(config).flatMap(({ path, signals }) =>
    Object.entries(signals).flatMap(([signal, output]) =>
      output === undefined ? [] : [{ path: [...path, "signals", signal], output }],
    ),
  );
}

function wiredReaders({ pn532, keyboard_readers }: SourcesConfig) {
  return Object.entries({ pn532, keyboard_readers }).flatMap(([section, config]) =>
    (config?.readers ?? []).map(({ device, signals = {} }, index) => ({
      path: [section, "readers", index],
      device,
      signals,
    })),
  );
}
