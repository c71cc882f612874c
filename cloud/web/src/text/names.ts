import type { Kind } from "@gengfu/shared/model/reading";
import type { Alert, Rule, Site, SiteDevice } from "../api/types.ts";
import { gatewayIdOf } from "../state/presence.ts";
import type { Dictionary } from "./dictionary.ts";
import type { Language } from "@gengfu/shared/model/text";

/** What people call things, from the site's own file; its id where the file has no name for one. */
export function deviceName(site: Site, id: string, language: Language): string {
  return site.devices.find((device) => device.id === id)?.name[language] ?? id;
}

export function gatewayName(site: Site, id: string, language: Language): string {
  return site.gateways.find((gateway) => gateway.id === id)?.name[language] ?? id;
}

export function measureName(
  device: SiteDevice | undefined,
  kind: Kind,
  channel: string | null,
  language: Language,
  text: Dictionary,
): string {
  const named = device?.measures.find((measure) => measure.kind === kind && measure.channel === channel)?.name;
  if (named !== null && named !== undefined) return named[language];
  return channel === null ? text.kinds[kind] : (text.channels[channel] ?? channel);
}

export function ruleOf(site: Site, alert: Alert): Rule | undefined {
  return site.rules.find(({ id }) => id === alert.rule);
}

export function alertName(site: Site, alert: Alert, language: Language): string {
  return (alert.name ?? ruleOf(site, alert)?.name)?.[language] ?? alert.rule;
}

/** Device and channel, or the gateway; then the gateway of the device where the site has several. */
export function alertPlace(site: Site, alert: Alert, language: Language, text: Dictionary): string {
  if (alert.device === null) return gatewayName(site, alert.gateway ?? "", language);
  const device = site.devices.find(({ id }) => id === alert.device);
  const parts = [device?.name[language] ?? alert.device];
  if (alert.channel !== null && alert.kind !== null) {
    const channel = measureName(device, alert.kind, alert.channel, language, text);
    // "Fire, fire panel" says it; the fire contact's name need not say it again
    if (channel !== alertName(site, alert, language)) parts.push(channel);
  }
  if (site.gateways.length > 1 && device !== undefined) {
    parts.push(gatewayName(site, gatewayIdOf(site, device), language));
  }
  return parts.join(text.dot);
}

/** Of a checkpoint, else of a device; null where there is neither. */
export function placeName(
  site: Site,
  { checkpoint, device }: { readonly checkpoint: string | null; readonly device: string | null },
  language: Language,
): string | null {
  const point = site.checkpoints.find(({ id }) => id === checkpoint)?.name[language] ?? checkpoint;
  return point ?? (device === null ? null : deviceName(site, device, language));
}

export function personName(site: Site, id: string | null, written: string | null, language: Language): string | null {
  return site.people.find((person) => person.id === id)?.name[language] ?? written;
}
