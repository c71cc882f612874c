import { z } from "zod";
import { GengfuError } from "../errors.ts";

/**
 * A column of numbers as JSON of few bytes, one of
 * - `n` or `[n, count]`: the same number throughout (once, or count times);
 * - `{ i, d }`: whole numbers after scaling by 10^i, as first value and differences;
 * - `{ p }`: as they are, where differences save nothing or would lose precision, or where there is a null.
 */
export const packedNumbers = z.union([
  z.number(),
  z.tuple([z.number(), z.int().min(2).max(10_000)]),
  z.strictObject({ i: z.int().min(0).max(6).optional(), d: z.array(z.number()).max(10_000) }),
  z.strictObject({ p: z.array(z.number().nullable()).max(10_000) }),
]);
export type PackedNumbers = z.output<typeof packedNumbers>;

/** Packs a column; `differences: false` where a number says nothing about the next. */
export function packNumbers(values: readonly (number | null)[], { differences = true } = {}): PackedNumbers {
  const first = values[0];
  if (values.length > 0 && first !== null && first !== undefined) {
    if (values.length === 1) return first;
    if (values.every((value) => value === first)) return [first, values.length];
  }
  if (!differences || values.includes(null)) return { p: [...values] };
  const decimals = decimalsOf(values as number[]);
  if (decimals === undefined) return { p: [...values] };
  const scale = 10 ** decimals;
  let before = 0;
  const steps = (values as number[]).map((value) => {
    const whole = Math.round(value * scale);
    const difference = whole - before;
    before = whole;
    return difference;
  });
  return decimals === 0 ? { d: steps } : { i: decimals, d: steps };
}

export function unpackNumbers(packed: PackedNumbers, count_max: number): (number | null)[] {
  if (typeof packed === "number") return [packed];
  if (Array.isArray(packed)) {
    if (packed[1] > count_max) throw tooMany(count_max);
    return Array.from({ length: packed[1] }, () => packed[0]);
  }
  if ("p" in packed) {
    if (packed.p.length > count_max) throw tooMany(count_max);
    return packed.p;
  }
  if (packed.d.length > count_max) throw tooMany(count_max);
  const scale = 10 ** (packed.i ?? 0);
  let whole = 0;
  return packed.d.map((difference) => {
    whole += difference;
    return whole / scale;
  });
}

/** How many decimals make all of them whole and exactly restorable; undefined where none up to 6 do. */
function decimalsOf(values: readonly number[]): number | undefined {
  let decimals = 0;
  for (const value of values) {
    for (;;) {
      const whole = Math.round(value * 10 ** decimals);
      if (Number.isSafeInteger(whole) && whole / 10 ** decimals === value && !Object.is(value, -0)) break;
      decimals += 1;
      if (decimals > 6) return undefined;
    }
  }
  // what was exact with fewer decimals need not be with more
  const scale = 10 ** decimals;
  return values.every((value) => Math.round(value * scale) / scale === value) ? decimals : undefined;
}

function tooMany(count_max: number): GengfuError {
  return new GengfuError("batch_malformed", `a batch can't be decoded: a column of more than ${count_max} numbers`);
}
