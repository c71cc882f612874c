import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "@gengfu/shared/errors";
import type { Clock } from "@gengfu/shared/time/clock";
import { parseChips, toolsOf, type GpiodTools } from "./gpiod-tools.ts";
import { LineChild } from "./line-child.ts";
import type { InputLine, InputListener, Level, LineDriver, LinePlace, OutputLine } from "./line-driver.ts";
import type { LoadedDriver } from "./load-driver.ts";
import { lineMissing } from "./sysfs-driver.ts";

export interface CdevOptions {
  readonly clock: Clock;
  /** Where the chips' devices are. */
  readonly root?: string;
}

const tool_timeout_ms = 15_000;

async function run([program, ...args]: readonly [program: string, ...args: string[]]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: tool_timeout_ms });
  return stdout;
}

/** Lines through the character device, by the tools of Debian's package gpiod, in version 1 or 2. */
export async function loadCdevDriver({ clock, root = "/dev" }: CdevOptions): Promise<LoadedDriver> {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^gpiochip\d+$/.test(name));
  if (names.length === 0) {
    return {
      unavailable: {
        zh: "本机没有 GPIO(缺少 /dev/gpiochip0):请在树莓派上运行,或从 edge.yaml 中删除 gpio。",
        en: "This machine has no GPIO (no /dev/gpiochip0): run on a Raspberry Pi, or remove `gpio` from edge.yaml.",
      },
    };
  }
  const rights = await Promise.allSettled(
    names.map((name) => access(join(root, name), constants.R_OK | constants.W_OK)),
  );
  if (rights.every(({ status }) => status === "rejected")) {
    return {
      unavailable: {
        zh: "没有 /dev/gpiochip* 的访问权限:请把运行服务的用户加入 gpio 组。",
        en: "/dev/gpiochip* can't be accessed: add the user that the service runs as to the group gpio.",
      },
    };
  }
  try {
    return { driver: new CdevDriver(toolsOf(await run(["gpiodetect", "--version"])), clock, root) };
  } catch (error) {
    const reason = messageOf(error).split("\n")[0] ?? "";
    return {
      unavailable: {
        zh: `缺少 GPIO 工具(${reason}):请执行 apt-get install gpiod。`,
        en: `The GPIO tools are missing (${reason}): run apt-get install gpiod.`,
      },
    };
  }
}

class CdevDriver implements LineDriver {
  readonly #tools: GpiodTools;
  readonly #clock: Clock;
  readonly #root: string;

  constructor(tools: GpiodTools, clock: Clock, root: string) {
    this.#tools = tools;
    this.#clock = clock;
    this.#root = root;
  }

  async openInput(place: LinePlace, listener: InputListener): Promise<InputLine> {
    const chip = await this.#chipOf(place);
    const device = join(this.#root, chip);
    const { ino } = await stat(device);
    const tools = this.#tools;
    const clock = this.#clock;
    const { offset } = place;
    let child: LineChild | null = null;
    const line: InputLine = {
      async refresh() {
        await line.close();
        // a line that is held can't be read: an edge between these two is found at the next time
        listener.onLevel((await run(tools.get(chip, offset))).trim() === "1" ? 1 : 0, null);
        child = await LineChild.start({
          command: tools.monitor(chip, offset),
          clock,
          onLine(text) {
            const edge = tools.parseEdge(text);
            if (edge !== undefined) listener.onLevel(edge.level, edge.edge_ms);
          },
          onEnd: (error) => listener.onLost(error),
        });
      },
      async probe() {
        if (child === null || child.hasEnded) throw new Error("gpiomon does not run");
        // a chip that was taken out and put back has the same name, but nothing comes from it any more
        if ((await stat(device)).ino !== ino) throw new Error(`${device} is another one now`);
      },
      async close() {
        const before = child;
        child = null;
        await before?.end();
      },
    };
    await line.refresh();
    return line;
  }

  async openOutput(place: LinePlace, level: Level, onLost: (error: unknown) => void): Promise<OutputLine> {
    const chip = await this.#chipOf(place);
    let child: LineChild | null = null;
    const line: OutputLine = {
      write: async (next) => {
        await line.close();
        const command = this.#tools.set(chip, place.offset, next);
        child = await LineChild.start({ command, clock: this.#clock, onLine: () => undefined, onEnd: onLost });
      },
      // gpioset dies with this process, and the kernel takes the line back
      writeNow: () => undefined,
      async close() {
        const before = child;
        child = null;
        await before?.end();
      },
    };
    await line.write(level);
    return line;
  }

  async #chipOf(place: LinePlace): Promise<string> {
    const chips = parseChips(await run(["gpiodetect"]));
    const chip = chips.find(({ label, lines }) => label === place.chip && place.offset < lines);
    if (chip === undefined) throw lineMissing(place, chips);
    return chip.name;
  }
}
