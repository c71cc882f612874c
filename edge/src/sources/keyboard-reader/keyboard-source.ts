import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { tapMessage } from "../../intake/message.ts";
import type { Troubles } from "../../troubles.ts";
import { FaultStreak, type Fault } from "../fault-streak.ts";
import { LoopSource, type Tell } from "../loop-source.ts";
import { uidOf } from "./card-number.ts";
import { eventBytes, InputEventParser } from "./input-events.ts";
import type { KeyboardReaderConfig, KeyboardReadersConfig } from "./schema.ts";
import { TypedLine } from "./typed-line.ts";

export interface KeyboardSourceOptions {
  readonly config: KeyboardReadersConfig;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly messages_max?: number;
}

const reopen_ms = 2_000;
/** A device that was still there after so long can be read. */
const well_after_ms = 500;
const stderr_chars_max = 500;

/** USB readers that type a card's number as a keyboard does. */
export function keyboardSource(options: KeyboardSourceOptions): LoopSource {
  const { config, clock, logger, messages_max } = options;
  return new LoopSource({
    name: "keyboard_readers",
    clock,
    logger,
    messages_max,
    run: async (tell, signal) => {
      await Promise.all(config.readers.map((reader) => runReader(reader, options, tell, signal)));
    },
  });
}

/** Opens the input device again and again for as long as the source runs. */
async function runReader(
  config: KeyboardReaderConfig,
  { clock, troubles, logger }: KeyboardSourceOptions,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const { device, input, format } = config;
  const there = new FaultStreak({ subject: `keyboard reader ${device}`, troubles, logger });
  const legible = new FaultStreak({ subject: `keyboard reader ${device} format`, troubles, logger });
  while (!signal.aborted) {
    const parser = new InputEventParser(eventBytes(process.arch));
    const line = new TypedLine();
    const take = (chunk: Buffer): void => {
      for (const event of parser.push(chunk)) {
        const typed = line.take(event, clock.monotonic());
        const uid = typed === null ? null : uidOf(typed, format);
        if (uid === null) continue;
        legible.report(uid === undefined ? illegible(config, typed?.length ?? 0) : null);
        if (uid !== undefined) tell(device, tapMessage(uid), clock.monotonic());
      }
    };
    const reason = await readInput(input, clock, signal, take, () => there.report(null));
    if (!signal.aborted) there.report(gone(config, reason));
    await pause(clock, reopen_ms, signal);
  }
}

/**
 * Reads a device to its end, and says why that came. The kernel's input devices can't be watched by Node's event loop,
 * and a read that waits can't be called off: `cat` does it, and keeps what is typed while the loop is busy.
 */
async function readInput(
  input: string,
  clock: Clock,
  signal: AbortSignal,
  take: (chunk: Buffer) => void,
  well: () => void,
): Promise<string> {
  try {
    accessSync(input, constants.R_OK);
  } catch (error) {
    return messageOf(error);
  }
  const child = spawn("cat", [input], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const cancel = clock.after(well_after_ms, well);
  const stop = (): void => void child.kill();
  signal.addEventListener("abort", stop, { once: true });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(0, stderr_chars_max);
  });
  child.stdout.on("data", (chunk: Buffer) => {
    cancel();
    well();
    take(chunk);
  });
  try {
    await once(child, "close");
    return said.trim() === "" ? "it was unplugged" : said.trim();
  } catch (error) {
    return messageOf(error);
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}

function gone({ device, input }: KeyboardReaderConfig, reason: string): Fault {
  return {
    code: "gone",
    isSure: true,
    text: {
      zh: `无法读取读卡器 ${device}(${input}):${reason}。请检查 USB 连接、edge.yaml 中的 input 以及 input 组权限。`,
      en: `The reader ${device} (${input}) can't be read: ${reason}. Check the plug, \`input\` in edge.yaml, and that the service's user is in the group input.`,
    },
  };
}

function illegible({ device, format }: KeyboardReaderConfig, chars: number): Fault {
  return {
    code: "format",
    text: {
      zh: `读卡器 ${device} 输出了 ${chars} 个字符,不是 ${format} 格式的卡号,刷卡未记录。请检查 edge.yaml 中的 format。`,
      en: `The reader ${device} types ${chars} characters that are no card number in the format ${format}; taps are not stored. Check \`format\` in edge.yaml.`,
    },
  };
}
