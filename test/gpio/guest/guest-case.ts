import type { SimChip } from "./sim-chip.ts";

/** A test that runs in the guest, on a chip of its own whose lines are low. */
export interface GuestCase {
  readonly name: string;
  run(chip: SimChip): Promise<void>;
}
