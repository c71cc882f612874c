import type { Message } from "../channel.ts";

/** What a variable of a template may stand for. */
export const smsFields = ["site", "where", "name", "text", "time", "severity"] as const;
export type SmsField = (typeof smsFields)[number];

/** The variables of the template that the README proposes. */
export const standardVariables: Readonly<Record<string, SmsField>> = {
  site: "site",
  where: "where",
  alert: "name",
  time: "time",
};

/** Aliyun's rules for templates give a variable so many characters at most. */
export const variable_chars_max = 35;

const severityNames = { critical: "紧急", warning: "警告", info: "提示" } as const;

/**
 * The values of a template's variables, within what operators let through: no brackets, no phone numbers or other long
 * runs of digits, no line breaks. The text is the template's, and Chinese; where there is room, a name stands in English too.
 */
export function templateParams(
  variables: Readonly<Record<string, SmsField>>,
  message: Message,
): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, field]) => [name, clean(valueOf(field, message))]));
}

/** The same for templates whose variables have numbers. */
export function templateValues(fields: readonly SmsField[], message: Message): string[] {
  return fields.map((field) => clean(valueOf(field, message)));
}

function valueOf(field: SmsField, message: Message): string {
  switch (field) {
    case "site":
    case "where":
      return message[field].zh;
    case "name": {
      const { zh, en } = message.name;
      const chinese = message.about === "cleared" ? `${zh}已恢复` : zh;
      const both = `${chinese}/${message.about === "cleared" ? `${en} cleared` : en}`;
      return zh !== en && Array.from(both).length <= variable_chars_max ? both : chinese;
    }
    case "text":
      return message.text.zh;
    case "time":
      // month, day, hour and minute: what the one who reads it does not know
      return message.time.slice("2026-".length, -":00".length);
    case "severity":
      return severityNames[message.severity];
  }
}

function clean(value: string): string {
  const plain = value
    .replaceAll(/[()（）[\]［］【】{}｛｝<>＜＞〈〉《》「」]/g, " ")
    .replaceAll(/\+?\d[\d-]{5,}\d/g, (digits) => (digits.replaceAll(/\D/g, "").length >= 7 ? "…" : digits))
    .replaceAll(/\s+/g, " ")
    .trim();
  const characters = Array.from(plain);
  const cut =
    characters.length <= variable_chars_max ? plain : `${characters.slice(0, variable_chars_max - 1).join("")}…`;
  return cut === "" ? "-" : cut;
}
