import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { messageOf } from "@gengfu/shared/errors";
import { UsageError } from "../arguments.ts";
import { quarantineCodes } from "../contract/codes.ts";
import { parseDeviceTopic } from "../contract/topics.ts";
import { parsePublish } from "../parse.ts";

/** Holds a file, or standard input, against the contract, line by line. */
export async function checkFile(file: string | undefined, signal: AbortSignal): Promise<number> {
  const input = file === undefined ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, signal, crlfDelay: Infinity });
  try {
    return await checkLines(lines, (line) => console.log(line));
  } catch (error) {
    throw new UsageError(`${file ?? "standard input"} can't be read: ${messageOf(error)}. Check the path.`);
  }
}

/** Answers 0 where every line conforms, 1 where one doesn't, 2 where there was none. */
async function checkLines(lines: AsyncIterable<string>, print: (line: string) => void): Promise<number> {
  let number = 0;
  let checked = 0;
  let wrong = 0;
  for await (const line of lines) {
    number++;
    const result = checkLine(line);
    if (result === undefined) continue;
    checked++;
    if (!result.conforms) wrong++;
    for (const [index, text] of result.lines.entries()) print(index === 0 ? `${number}: ${text}` : `    ${text}`);
  }
  if (checked === 0) {
    print("There was nothing to check: each line needs a topic, a space and a payload. 没有可检查的内容。");
    return 2;
  }
  print(
    `${checked} checked, ${checked - wrong} conform, ${wrong} don't. ` +
      `共 ${checked} 条,${checked - wrong} 条符合,${wrong} 条不符合。`,
  );
  return wrong === 0 ? 0 : 1;
}

interface LineResult {
  readonly conforms: boolean;
  readonly lines: readonly string[];
}

function checkLine(line: string): LineResult | undefined {
  if (line.trim() === "") return undefined;
  const space = line.indexOf(" ");
  const topic = space < 0 ? line : line.slice(0, space);
  const payload = space < 0 ? "" : line.slice(space + 1);
  const parts = parseDeviceTopic(topic);
  // what the edge said is not the device's doing
  if (parts?.leaf === "error" || parts?.leaf === "feedback") return undefined;
  // mosquitto_sub writes (null) for an empty payload
  const bytes = Buffer.from(payload === "(null)" ? "" : payload);
  const parsed = parsePublish(parts?.device ?? "", topic, bytes);
  switch (parsed.verdict) {
    case "reading": {
      const { boot, seq } = parsed.message;
      const conforms = `OK  ${topic}`;
      if (boot !== null && seq !== null) return { conforms: true, lines: [conforms] };
      return {
        conforms: true,
        lines: [
          conforms,
          "advice: send `boot` and `seq`, else a repeat after a lost acknowledgement may make a second reading",
          "建议：带上 boot 和 seq，否则确认丢失后的重发可能产生重复读数",
        ],
      };
    }
    case "state":
      return { conforms: true, lines: [`OK  ${topic}`] };
    case "quarantine": {
      const { en, zh } = quarantineCodes[parsed.code];
      return {
        conforms: false,
        lines: [`NOT OK  ${topic}  ${parsed.code}: ${parsed.detail.message}`, `advice: ${en}`, `建议:${zh}`],
      };
    }
    case "foreign_topic":
      return {
        conforms: false,
        lines: [
          `NOT OK  ${topic}  the topic is not of the contract's shape`,
          "advice: publish on gengfu/v1/<device>/<kind>, such as gengfu/v1/tank-fire/level",
          "建议：主题应为 gengfu/v1/<设备>/<类型>，例如 gengfu/v1/tank-fire/level",
        ],
      };
  }
}
