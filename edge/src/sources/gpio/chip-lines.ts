import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the kernel shows its GPIO chips. */
export const gpioRoot = "/sys/class/gpio";

export interface GpioChip {
  readonly label: string;
  /** Number of its first line. */
  readonly base: number;
  readonly lines: number;
}

/** The chips of this machine; none where the kernel shows no GPIO. */
export function readChips(root = gpioRoot): GpioChip[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  const read = (chip: string, file: string): string => readFileSync(join(root, chip, file), "utf8").trim();
  return names
    .filter((name) => /^gpiochip\d+$/.test(name))
    .map((chip) => ({
      label: read(chip, "label"),
      base: Number(read(chip, "base")),
      lines: Number(read(chip, "ngpio")),
    }));
}

/**
 * The number of a line. Kernels from 6.6 on number lines from a base of their own choosing, so that only the chip's
 * label and the offset on it stay the same.
 */
export function lineNumber(chips: readonly GpioChip[], label: string, offset: number): number | undefined {
  const chip = chips.find((one) => one.label === label && offset < one.lines);
  return chip === undefined ? undefined : chip.base + offset;
}
