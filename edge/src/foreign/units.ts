import type { Kind } from "@gengfu/shared/model/reading";

/** Units that foreign devices tell, and how they become the contract's: (value - zero) * factor. */
export const units = {
  celsius: { kind: "temperature", zero: 0, factor: 1 },
  fahrenheit: { kind: "temperature", zero: 32, factor: 5 / 9 },
  kelvin: { kind: "temperature", zero: 273.15, factor: 1 },
  kilopascals: { kind: "pressure", zero: 0, factor: 1 },
  pascals: { kind: "pressure", zero: 0, factor: 0.001 },
  hectopascals: { kind: "pressure", zero: 0, factor: 0.1 },
  megapascals: { kind: "pressure", zero: 0, factor: 1_000 },
  bar: { kind: "pressure", zero: 0, factor: 100 },
  millibar: { kind: "pressure", zero: 0, factor: 0.1 },
  psi: { kind: "pressure", zero: 0, factor: 6.894757 },
  metres: { kind: "level", zero: 0, factor: 1 },
  centimetres: { kind: "level", zero: 0, factor: 0.01 },
  millimetres: { kind: "level", zero: 0, factor: 0.001 },
  feet: { kind: "level", zero: 0, factor: 0.3048 },
  inches: { kind: "level", zero: 0, factor: 0.0254 },
} as const satisfies Record<string, { kind: Kind; zero: number; factor: number }>;

export type Unit = keyof typeof units;

export const unitNames = Object.keys(units) as [Unit, ...Unit[]];

/** What payloads call the unit, where they tell it beside the value (Tasmota's `TempUnit`). */
export const unitsByText: Readonly<Record<string, Unit>> = {
  C: "celsius",
  "°C": "celsius",
  F: "fahrenheit",
  "°F": "fahrenheit",
  K: "kelvin",
};
