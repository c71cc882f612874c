import type { Effect, Subject } from "@gengfu/shared/rules/effect";
import type { Kind } from "@gengfu/shared/model/reading";
import type { Rule } from "@gengfu/shared/model/rule";
import type { Site } from "@gengfu/shared/model/site";
import { languages, type Text } from "@gengfu/shared/model/text";
import { formatDuration } from "@gengfu/shared/time/duration";

const kindNames: Readonly<Partial<Record<Kind, Text>>> = {
  contact: { zh: "触点", en: "contact" },
  level: { zh: "水位", en: "level" },
  temperature: { zh: "温度", en: "temperature" },
  pressure: { zh: "压力", en: "pressure" },
};

const units: Readonly<Partial<Record<Kind, string>>> = { level: "m", temperature: "°C", pressure: "kPa" };

/** What people call the device, or the gateway where the alert is about that. */
export function whereOf(site: Site, about: Subject): Text {
  const known =
    about.device === null
      ? site.gateways.find(({ id }) => id === about.gateway)
      : site.devices.find(({ id }) => id === about.device);
  return known?.name ?? plain(about.device ?? about.gateway);
}

/** What happened, in a sentence for each language. */
export function describe(site: Site, rule: Rule, effect: Effect): Text {
  const where = whereOf(site, effect);
  const what = happened(site, rule, effect);
  return {
    zh: `${rule.name.zh}：${where.zh} ${what.zh}`,
    en: `${rule.name.en}: ${where.en}, ${what.en}`,
  };
}

function happened(site: Site, rule: Rule, effect: Effect): Text {
  const { when } = rule;
  const what = measureOf(site, effect);
  const value = (unit: string): string => figure(effect.value ?? 0, unit);
  switch (when.type) {
    case "contact":
      return when.closed
        ? { zh: `${what.zh}触点闭合`, en: `${what.en} contact closed` }
        : { zh: `${what.zh}触点断开`, en: `${what.en} contact open` };
    case "above":
    case "below": {
      const unit = units[when.kind] ?? "";
      const limit = figure(when.limit, unit);
      return when.type === "above"
        ? { zh: `${what.zh} ${value(unit)}，高于 ${limit}`, en: `${what.en} ${value(unit)}, above ${limit}` }
        : { zh: `${what.zh} ${value(unit)}，低于 ${limit}`, en: `${what.en} ${value(unit)}, below ${limit}` };
    }
    case "range": {
      const unit = units[when.kind] ?? "";
      const range = `${when.low} – ${figure(when.high, unit)}`;
      return {
        zh: `${what.zh} ${value(unit)}，超出范围 ${range}`,
        en: `${what.en} ${value(unit)}, outside ${range}`,
      };
    }
    case "falls":
    case "rises": {
      const unit = units[when.kind] ?? "";
      const by = figure(when.by, unit);
      const within = formatDuration(when.within);
      return when.type === "falls"
        ? {
            zh: `${what.zh} ${within} 内下降超过 ${by}，现为 ${value(unit)}`,
            en: `${what.en} fell by more than ${by} within ${within}, now ${value(unit)}`,
          }
        : {
            zh: `${what.zh} ${within} 内上升超过 ${by}，现为 ${value(unit)}`,
            en: `${what.en} rose by more than ${by} within ${within}, now ${value(unit)}`,
          };
    }
    case "count": {
      const within = formatDuration(when.within);
      const [zh, en] = when.closed ? ["闭合", "closed"] : ["断开", "opened"];
      return {
        zh: `${what.zh}触点 ${within} 内${zh} ${when.times} 次`,
        en: `${what.en} contact ${en} ${when.times} times within ${within}`,
      };
    }
    case "chatter": {
      const within = formatDuration(when.within);
      return {
        zh: `${what.zh}触点 ${within} 内抖动 ${when.times} 次`,
        en: `${what.en} contact changed ${when.times} times within ${within}`,
      };
    }
    case "all":
    case "any":
    case "not":
      return { zh: "规则条件成立", en: "the rule's conditions hold" };
    case "series_silent": {
      const since = siteTime(site, effect.onset);
      return { zh: `${what.zh}自 ${since} 起无数据`, en: `${what.en}: no data since ${since}` };
    }
    case "device_silent":
    case "gateway_silent": {
      const since = siteTime(site, effect.onset);
      return { zh: `自 ${since} 起无数据`, en: `no data since ${since}` };
    }
  }
}

/** What people call the measure: its own name, else its channel's, else its kind's. */
function measureOf(site: Site, { device, measure, channel }: Effect): Text {
  const measures = site.devices.find(({ id }) => id === device)?.measures ?? [];
  const known = measures.find((one) => one.kind === measure && (one.channel ?? null) === channel);
  if (known?.name !== undefined) return known.name;
  return channel !== null ? plain(channel) : ((measure === null ? undefined : kindNames[measure]) ?? plain("-"));
}

function figure(value: number, unit: string): string {
  return `${Number(value.toFixed(2))} ${unit}`.trim();
}

function plain(name: string): Text {
  return { zh: name, en: name };
}

/** Both languages in one line, Chinese first; one where they are the same. */
export function joined(text: Text): string {
  return [...new Set(languages.map((language) => text[language]))].join(" / ");
}

/** A time by the site's clock: `2026-01-01 08:00:05`. */
export function siteTime(site: Pick<Site, "time_zone">, at: number): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(site.time_zone).toPlainDateTime();
  return local.toString({ smallestUnit: "second" }).replace("T", " ");
}
