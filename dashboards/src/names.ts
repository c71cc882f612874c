import type { Measure, Site, SiteDevice } from "@gengfu/shared/model/site";
import type { Kind } from "@gengfu/shared/model/reading";
import { both, bothOf } from "./words.ts";

/** A series that the site file names, with what a screen needs to show it. */
export interface NamedSeries {
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | null;
  /** In both languages, as short as the site allows. */
  readonly name: string;
  readonly measure: Measure;
}

/** How queries alias a series of a device: what `labelOf` gives. */
export const seriesAlias = "$tag_device/$tag_channel";

export function labelOf({ device, channel }: { device: string; channel: string | null }): string {
  return `${device}/${channel ?? "-"}`;
}

/** The series of a kind, in the order of the site file; of devices of a type only, where the site has any such. */
export function seriesOfKind(site: Site, kind: Kind, type?: SiteDevice["type"]): NamedSeries[] {
  const wanted = devicesFor(site, type);
  const found = wanted.flatMap((device) =>
    device.measures.filter((measure) => measure.kind === kind).map((measure) => ({ device, measure })),
  );
  const single = new Set(found.map(({ device }) => device.id)).size === 1;
  return found.map(({ device, measure }) => {
    const alone = found.filter((other) => other.device.id === device.id).length === 1;
    return {
      device: device.id,
      kind,
      channel: measure.channel ?? null,
      name: nameOf(device, measure, { single, alone }),
      measure,
    };
  });
}

/** Ids of the devices of a type; empty where the site has none, and then nothing is narrowed. */
export function idsOfType(site: Site, type: SiteDevice["type"]): string[] {
  return site.devices.filter((device) => device.type === type).map(({ id }) => id);
}

function devicesFor(site: Site, type: SiteDevice["type"] | undefined): readonly SiteDevice[] {
  if (type === undefined) return site.devices;
  const typed = site.devices.filter((device) => device.type === type);
  return typed.length === 0 ? site.devices : typed;
}

function nameOf(device: SiteDevice, measure: Measure, { single, alone }: { single: boolean; alone: boolean }): string {
  const part =
    measure.name ?? (measure.channel === undefined ? undefined : { zh: measure.channel, en: measure.channel });
  if (part === undefined || (alone && !single)) return bothOf(device.name);
  if (single) return bothOf(part);
  return both(`${device.name.zh} ${part.zh}`, `${device.name.en} ${part.en}`);
}
