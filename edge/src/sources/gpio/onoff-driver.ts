import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "@gengfu/shared/errors";
import type { Text } from "@gengfu/shared/model/text";
import { gpioRoot } from "./chip-lines.ts";
import type { GpioDriver } from "./gpio-driver.ts";

/** The driver, or why there is none and what to do about it. */
export type LoadedDriver = { readonly driver: GpioDriver } | { readonly unavailable: Text };

/** Loads onoff, which works on sysfs. It is optional, and its addon is built only where there is a compiler. */
export async function loadOnoffDriver(root = gpioRoot): Promise<LoadedDriver> {
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
  try {
    const { Gpio } = await import("onoff");
    return {
      driver: {
        open(line) {
          // polarity is the source's business: a line that was left inverted is set straight
          const gpio = new Gpio(line, "in", "both", { activeLow: false });
          return {
            read: () => gpio.readSync(),
            watch: (onEdge) => gpio.watch(() => onEdge()),
            close: () => gpio.unexport(),
          };
        },
      },
    };
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
