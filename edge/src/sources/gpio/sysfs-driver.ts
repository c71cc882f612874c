import { accessSync, constants, existsSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { Gpio } from "onoff";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { gpioRoot, lineNumber, readChips } from "./chip-lines.ts";
import type { InputListener, Level, LineDriver, LinePlace } from "./line-driver.ts";
import type { LineUse, LoadedDriver } from "./load-driver.ts";

export interface SysfsOptions {
  readonly clock: Clock;
  readonly root?: string;
}

/** How long the rules of udev may take to give a new line's files to the group gpio. */
const rights_timeout_ms = 3_000;
const rights_retry_ms = 10;

/**
 * Lines through sysfs: inputs by onoff, which is optional and whose addon is built only where there is a compiler;
 * outputs without it.
 */
export async function loadSysfsDriver(use: LineUse, { clock, root = gpioRoot }: SysfsOptions): Promise<LoadedDriver> {
  if (!existsSync(root)) {
    return {
      unavailable: {
        zh: "本机没有 GPIO(缺少 /sys/class/gpio):请在树莓派上运行,或从 edge.yaml 中删除 gpio。",
        en: "This machine has no GPIO (no /sys/class/gpio): run on a Raspberry Pi, or remove `gpio` from edge.yaml.",
      },
    };
  }
  try {
    accessSync(join(root, "export"), constants.W_OK);
  } catch {
    return {
      unavailable: {
        zh: "没有 GPIO 的访问权限:请把运行服务的用户加入 gpio 组。",
        en: "GPIO can't be accessed: add the user that the service runs as to the group gpio.",
      },
    };
  }
  if (use === "outputs") return { driver: new SysfsDriver(null, clock, root) };
  try {
    const onoff = await import("onoff");
    return { driver: new SysfsDriver(onoff.Gpio, clock, root) };
  } catch (error) {
    const reason = messageOf(error).split("\n")[0] ?? "";
    return {
      unavailable: {
        zh: `无法加载 GPIO 驱动 onoff(${reason}):请安装 python3、make、g++,然后运行 npm rebuild。`,
        en: `The GPIO driver onoff can't be loaded (${reason}): install python3, make and g++, then run npm rebuild.`,
      },
    };
  }
}

type Onoff = typeof Gpio;

class SysfsDriver implements LineDriver {
  readonly #onoff: Onoff | null;
  readonly #clock: Clock;
  readonly #root: string;

  constructor(onoff: Onoff | null, clock: Clock, root: string) {
    this.#onoff = onoff;
    this.#clock = clock;
    this.#root = root;
  }

  async openInput(place: LinePlace, listener: InputListener) {
    const number = this.#numberOf(place);
    if (this.#onoff === null) throw new Error("loaded for outputs only");
    let isLost = false;
    const lose = (error: unknown): void => {
      if (isLost) return;
      isLost = true;
      // not within onoff's own handling of the edge
      queueMicrotask(() => listener.onLost(error));
    };
    // onoff reads the line where it hears an edge, and what that throws ends the process
    class Line extends this.#onoff {
      last: Level = 0;

      override readSync(): Level {
        try {
          this.last = super.readSync();
        } catch (error) {
          lose(error);
        }
        return this.last;
      }

      readOrThrow(): Level {
        return super.readSync();
      }
    }
    // polarity is the source's business: a line that was left inverted is set straight
    const line = new Line(number, "in", "both", { activeLow: false });
    try {
      line.watch((_, level) => {
        if (!isLost) listener.onLevel(level, null);
      });
      listener.onLevel(line.readOrThrow(), null);
    } catch (error) {
      line.unexport();
      throw error;
    }
    const refresh = async (): Promise<void> => listener.onLevel(line.readOrThrow(), null);
    return {
      refresh,
      // to read a line clears the edge that onoff may not have heard yet: so what was read must be told
      probe: refresh,
      close: async () => line.unexport(),
    };
  }

  async openOutput(place: LinePlace, level: Level, onLost: (error: unknown) => void) {
    const folder = join(this.#root, `gpio${this.#numberOf(place)}`);
    if (!existsSync(folder)) await writeFile(join(this.#root, "export"), String(this.#numberOf(place)));
    const end_ms = this.#clock.monotonic() + rights_timeout_ms;
    for (;;) {
      try {
        await writeFile(join(folder, "active_low"), "0");
        // makes it an output and gives it its level in one step
        await writeFile(join(folder, "direction"), level === 1 ? "high" : "low");
        break;
      } catch (error) {
        if (codeOf(error) !== "EACCES" || this.#clock.monotonic() > end_ms) throw error;
        await pause(this.#clock, rights_retry_ms);
      }
    }
    return {
      write: async (next: Level) => {
        try {
          await writeFile(join(folder, "value"), String(next));
        } catch (error) {
          onLost(error);
          throw error;
        }
      },
      writeNow: (next: Level) => writeFileSync(join(folder, "value"), String(next)),
      // it stays exported: the kernel goes on driving it, where a line that is given back may float
      close: () => Promise.resolve(),
    };
  }

  #numberOf(place: LinePlace): number {
    const chips = readChips(this.#root);
    const number = lineNumber(chips, place.chip, place.offset);
    if (number !== undefined) return number;
    throw lineMissing(place, chips);
  }
}

/** What to say where the machine has no such line, with the lines that it has. */
export function lineMissing(
  { chip, offset }: LinePlace,
  chips: readonly { readonly label: string; readonly lines: number }[],
): GengfuError {
  const there = chips.map(({ label, lines }) => `${label} (${lines})`).join(", ");
  return new GengfuError("gpio_line_missing", `no line ${chip} ${offset}; there is ${there === "" ? "none" : there}`, {
    retryable: true,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
