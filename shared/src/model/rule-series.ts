import { leavesOf, type Leaf, type Signal } from "./condition.ts";
import type { Kind } from "./reading.ts";
import type { Rule } from "./rule.ts";

/** A series by its names; the channel is null where the device has one of the kind. */
export interface SeriesName {
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | null;
}

interface Measured {
  readonly devices: readonly {
    readonly id: string;
    readonly measures: readonly { readonly kind: Kind; readonly channel?: string | undefined }[];
  }[];
}

/** The series that a site file lists. */
export function seriesIn({ devices }: Measured): SeriesName[] {
  return devices.flatMap(({ id, measures }) =>
    measures.map(({ kind, channel }) => ({ device: id, kind, channel: channel ?? null })),
  );
}

/** The kind of the series that a condition looks at. */
export function kindOf(condition: Leaf): Kind {
  return "kind" in condition ? condition.kind : "contact";
}

/** Whether a condition looks at a series. */
export function fits(
  { kind, device, channel }: { kind: Kind; device?: string | undefined; channel?: string | undefined },
  series: SeriesName,
): boolean {
  return (
    kind === series.kind &&
    (device ?? series.device) === series.device &&
    (channel ?? series.channel) === series.channel
  );
}

/** Whether a rule asks nothing but the value of one series, at once: its readings then need no memory but the last. */
export function isPlain({ when, active, unless, settle = 0 }: Rule): boolean {
  const { type } = when;
  const isOnValue = type === "contact" || type === "above" || type === "below" || type === "range";
  return isOnValue && active === undefined && unless === undefined && settle === 0;
}

/** Series that one watch may look at: it judges all of them at each reading of one. */
export const watchedSeries_max = 100;

/**
 * A rule that is not plain watches series that the site file lists: one that looks at none of them would be mute without
 * a word.
 */
export function checkRuleSeries(
  site: Measured & { readonly rules: readonly Rule[] },
  reject: (path: PropertyKey[], message: string) => void,
): void {
  const series = seriesIn(site);
  const devices = new Set(site.devices.map(({ id }) => id));
  const isMute = (one: { kind: Kind; device?: string | undefined; channel?: string | undefined }): boolean =>
    (one.device === undefined || devices.has(one.device)) && !series.some((each) => fits(one, each));
  const anyMute = (signal: Signal): boolean => leavesOf(signal).some((leaf) => isMute({ ...leaf, kind: kindOf(leaf) }));
  site.rules.forEach((rule, index) => {
    const { when, unless = [] } = rule;
    const message = "series that are among the `measures` of the site's devices, by device, kind and channel";
    if (when.type === "series_silent" ? isMute(when) : !isPlain(rule) && leavesOf(when).some(anyMute))
      reject(["rules", index, "when"], message);
    unless.forEach((signal, position) => {
      if (anyMute(signal)) reject(["rules", index, "unless", position], message);
    });
    const together = [...(when.type === "all" || when.type === "any" || when.type === "not" ? [when] : []), ...unless];
    const watched = together
      .flatMap(leavesOf)
      .reduce((sum, leaf) => sum + series.filter((each) => fits({ ...leaf, kind: kindOf(leaf) }, each)).length, 0);
    if (watched > watchedSeries_max)
      reject(
        ["rules", index],
        `conditions that look at no more than ${watchedSeries_max} series together, not at ${watched}`,
      );
  });
}
