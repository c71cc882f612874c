import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf } from "@gengfu/shared/errors";
import { UsageError } from "../arguments.ts";
import { cHeader } from "../header/c-header.ts";

export const headerHelp = `Prints a C99 header: the contract's topics, limits and kinds, and an encoder of payloads.
生成 C99 头文件：主题、限值、类型，以及不占用堆内存的消息编码器。

  header [--out FILE]   such as: header --out src/gengfu.h

It serves C and C++ and needs neither malloc nor printf; c/gengfu.h is the same file.`;

export function header(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { out: { type: "string" } } });
  const text = cHeader();
  if (values.out === undefined) {
    process.stdout.write(text);
    return Promise.resolve(0);
  }
  try {
    writeFileSync(values.out, text);
  } catch (error) {
    return Promise.reject(new UsageError(`${values.out} can't be written: ${messageOf(error)}. Check the path.`));
  }
  console.log(`${values.out}: ${text.length} bytes`);
  return Promise.resolve(0);
}
