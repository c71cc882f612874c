import type { TransmissionDevice, TransmissionPart } from "@gengfu/shared/model/gb26875";
import type { ComponentPart, SystemPart } from "./data-unit.ts";

/** Where the readings of a part belong. */
export interface Place {
  readonly device: string;
  /** Stands before the channels of its states, and is the channel of its values; null for none. */
  readonly channel: string | null;
  readonly factor: number;
}

/** Which device of the site a system or component is. A component that is none is a device of its own, named by its address. */
export class PartMap {
  /** The transmission device itself. */
  readonly unit: string;
  readonly #gateway: string;
  readonly #parts: ReadonlyMap<string, TransmissionPart>;

  constructor(gateway: string, { device, parts }: Pick<TransmissionDevice, "device" | "parts">) {
    this.#gateway = gateway;
    this.unit = device;
    this.#parts = new Map(parts.map((part) => [keyOf(part), part]));
  }

  /** All devices of the site that are behind it. */
  get devices(): ReadonlySet<string> {
    return new Set([this.unit, ...[...this.#parts.values()].map(({ device }) => device)]);
  }

  system({ system, address }: SystemPart): Place {
    const part = this.#parts.get(keyOf({ system, address })) ?? this.#parts.get(keyOf({ system }));
    return part === undefined ? { device: this.unit, channel: null, factor: 1 } : placeOf(part);
  }

  component(which: ComponentPart): Place {
    const { system, address, zone, number } = which;
    const part =
      this.#parts.get(keyOf({ system, address, zone, number })) ?? this.#parts.get(keyOf({ system, zone, number }));
    return part === undefined
      ? { device: `${this.#gateway}-${componentName(which)}`, channel: null, factor: 1 }
      : placeOf(part);
  }
}

/** Names a system among those of a transmission device. */
export function systemName({ system, address }: SystemPart): string {
  return `${system}-${address}`;
}

/** Names a component; begins with the name of its system and a dash. */
export function componentName(which: ComponentPart): string {
  return `${systemName(which)}-${which.zone}-${which.number}`;
}

function keyOf({ system, address, zone, number }: Pick<TransmissionPart, "system" | "address" | "zone" | "number">) {
  return `${system} ${address ?? "*"} ${zone ?? "*"} ${number ?? "*"}`;
}

function placeOf({ device, channel, factor }: TransmissionPart): Place {
  return { device, channel: channel ?? null, factor };
}
