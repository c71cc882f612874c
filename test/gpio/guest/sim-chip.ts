import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Level } from "../../../edge/src/sources/gpio/line-driver.ts";

const configfs = "/sys/kernel/config/gpio-sim";

/** A GPIO chip that the kernel simulates. */
export class SimChip {
  readonly label: string;
  readonly #folder: string;

  constructor(name: string, label: string, lines: number) {
    this.label = label;
    this.#folder = join(configfs, name);
    mkdirSync(join(this.#folder, "bank0"), { recursive: true });
    writeFileSync(join(this.#folder, "bank0/label"), label);
    writeFileSync(join(this.#folder, "bank0/num_lines"), String(lines));
  }

  plug(): void {
    writeFileSync(join(this.#folder, "live"), "1");
  }

  unplug(): void {
    writeFileSync(join(this.#folder, "live"), "0");
  }

  /** Sets an input from outside. */
  pull(offset: number, level: Level): void {
    writeFileSync(this.#file(offset, "pull"), level === 1 ? "pull-up" : "pull-down");
  }

  /** The level of a line as what is wired to it sees it. */
  value(offset: number): Level {
    return readFileSync(this.#file(offset, "value"), "utf8").trim() === "1" ? 1 : 0;
  }

  /** As in gpiochip1. */
  get device(): string {
    return readFileSync(join(this.#folder, "bank0/chip_name"), "utf8").trim();
  }

  #file(offset: number, name: string): string {
    const platform = readFileSync(join(this.#folder, "dev_name"), "utf8").trim();
    return join("/sys/devices/platform", platform, this.device, `sim_gpio${offset}`, name);
  }
}
