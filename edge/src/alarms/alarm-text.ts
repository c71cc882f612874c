import type { Site } from "@gengfu/shared/model/site";
import type { Alarm } from "./alarm.ts";

/** What a text in UCS2 holds without being cut in parts. */
const text_max = 70;

/** What is texted of urgent alerts that the cloud does not know of: a text of at most 70 characters. */
export function alarmText(site: Site, alarms: readonly Alarm[]): string {
  const [first] = alarms;
  const begin = `【${clip(site.name.zh, 12)}】`;
  if (first === undefined) return begin;
  const end = "。云端失联,网关短信,请立即查看!";
  const time = timeOf(site, first.at);
  const count = alarms.length > 1 ? `等${alarms.length}处报警` : "";
  const over = alarms.every(({ isCleared }) => isCleared) ? "(已恢复)" : "";
  const room = text_max - begin.length - end.length - time.length - 1 - count.length - over.length;
  const rule = site.rules.find(({ id }) => id === first.rule)?.name.zh ?? first.rule;
  const where = site.devices.find(({ id }) => id === first.device)?.name.zh ?? first.device ?? "";
  const name = clip(rule, Math.ceil(room / 2));
  return `${begin}${name}:${clip(where, room - name.length - 1)}${count}${over} ${time}${end}`;
}

/** What is texted when the cloud has been gone for some time. */
export function silentText(site: Site, gateway: string, silent_ms: number): string {
  const name = nameOf(site, gateway);
  return `【${clip(site.name.zh, 12)}】${name}与云端失联已${lasted(silent_ms)}。火警等紧急报警改由网关短信通知。`;
}

/** What is texted when it is back. */
export function backText(site: Site, gateway: string): string {
  return `【${clip(site.name.zh, 12)}】${nameOf(site, gateway)}与云端恢复连接。`;
}

function nameOf(site: Site, gateway: string): string {
  const name = site.gateways.find(({ id }) => id === gateway)?.name.zh ?? gateway;
  return clip(name.includes("网关") ? name : `网关${name}`, 16);
}

function lasted(silent_ms: number): string {
  const seconds = Math.round(silent_ms / 1_000);
  return seconds < 60 ? `${seconds}秒` : `${Math.round(seconds / 60)}分钟`;
}

function timeOf(site: Site, at: number): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(site.time_zone);
  return local.toPlainTime().toString({ smallestUnit: "second" });
}

/** The first characters, none of them a half. */
function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.max(0, length - 1);
  const last = text.charCodeAt(end - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`;
}
