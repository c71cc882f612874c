import { severities } from "@gengfu/shared/model/rule";
import type { Text } from "@gengfu/shared/model/text";
import type { Message } from "./channel.ts";

/** Names in a text, at most; how many others there are stands behind them. */
const names_max = 8;

/** One message that stands for several to the same target: how many, which, and where; null for none. */
export function digestOf(messages: readonly Message[]): Message | null {
  const [first] = messages;
  const newest = messages.at(-1);
  if (first === undefined || newest === undefined) return null;
  if (messages.length === 1) return first;
  const count = messages.length;
  const cleared = messages.filter(({ about }) => about === "cleared").length;
  const sites = distinct(messages.map(({ site }) => site));
  const places = distinct(messages.map(({ where }) => where));
  const [site = first.site] = sites;
  const [where = first.where] = places;
  return {
    alert: `digest-${first.alert}`,
    severity:
      severities.find((severity) => messages.some((message) => message.severity === severity)) ?? first.severity,
    about: cleared === count ? "cleared" : "firing",
    site:
      sites.length === 1
        ? site
        : { zh: `${site.zh}等${sites.length}个场所`, en: `${site.en} and ${sites.length - 1} more sites` },
    name: { zh: `${count}条告警`, en: `${count} alerts` },
    where:
      places.length === 1
        ? where
        : { zh: `${where.zh}等${places.length}处`, en: `${where.en} and ${places.length - 1} more places` },
    text: textOf(messages, cleared, count),
    advice: { zh: "请在平台查看全部告警。", en: "See all alerts in the console." },
    at: newest.at,
    time: newest.time,
    target: first.target,
  };
}

function textOf(messages: readonly Message[], cleared: number, count: number): Text {
  const counts = new Map<string, { readonly name: Text; count: number }>();
  for (const { name, about } of messages) {
    const text = about === "cleared" ? { zh: `${name.zh}已恢复`, en: `${name.en} cleared` } : name;
    const known = counts.get(text.zh);
    if (known === undefined) counts.set(text.zh, { name: text, count: 1 });
    else known.count++;
  }
  const all = [...counts.values()].toSorted((a, b) => b.count - a.count);
  const shown = all.slice(0, names_max);
  const others = all.slice(names_max).reduce((sum, { count: more }) => sum + more, 0);
  const zh = shown.map(({ name, count: times }) => `${name.zh}${times}条`);
  const en = shown.map(({ name, count: times }) => `${name.en} (${times})`);
  if (others > 0) {
    zh.push(`其他${others}条`);
    en.push(`others (${others})`);
  }
  const both = cleared > 0 && cleared < count;
  return {
    zh: `共${count}条告警${both ? `（其中${cleared}条已恢复）` : ""}：${zh.join("，")}`,
    en: `${count} alerts${both ? `, ${cleared} of them cleared` : ""}: ${en.join(", ")}`,
  };
}

function distinct(texts: readonly Text[]): Text[] {
  return [...new Map(texts.map((text) => [text.zh, text])).values()];
}
