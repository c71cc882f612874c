import type { Text } from "@gengfu/shared/model/text";
import type { Message } from "./channel.ts";

const labels = { zh: { time: "时间：", advice: "处置：" }, en: { time: "Time: ", advice: "What to do: " } } as const;

/** The lines of a message in one language, the first of which names the alert and the site. */
export function linesOf(
  message: Message,
  language: keyof Text,
  title: (name: string) => string = (name) => name,
): string[] {
  const { time, advice } = labels[language];
  return [
    `${title(message.name[language])} ${message.site[language]}`,
    message.text[language],
    `${time}${message.time}`,
    ...(message.advice === null ? [] : [`${advice}${message.advice[language]}`]),
  ];
}

/** Chinese first, since that is what must be left when a long text is cut. */
export function plainText(message: Message, bytes_max: number): string {
  return cutToBytes([...linesOf(message, "zh"), "", ...linesOf(message, "en")].join("\n"), bytes_max);
}

/** What a subject or a notification on a locked screen shows: Chinese, then English. */
export function titleOf({ name, site }: Message): string {
  return `${name.zh} ${site.zh} / ${name.en}, ${site.en}`;
}

/** The text, or as much of it as fits, never cut amid a character. */
export function cutToBytes(text: string, bytes_max: number): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= bytes_max) return text;
  const mark = Buffer.byteLength("…", "utf8");
  let end = bytes_max - mark;
  // bytes that go on with a character begin with the bits 10
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString("utf8")}…`;
}
