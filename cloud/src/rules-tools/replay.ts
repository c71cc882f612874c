import type { StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import type { Subject } from "@gengfu/shared/rules/effect";
import { Playback } from "./playback.ts";

/** An alert of the past: when it was raised and when it cleared, epoch milliseconds; null where it still stands. */
export interface Episode extends Subject {
  readonly from: number;
  readonly to: number | null;
}

/** An episode that the present rules raise, the changed ones, or both. */
export interface Comparison {
  readonly of: "both" | "present" | "changed";
  readonly episode: Episode;
}

/** Silence is judged as often; whatever else has its moment has it exactly. */
const tick_ms = 30_000;

/**
 * What each of several sets of rules raises over readings in the order of their times, each handled as it was made. A
 * gateway counts as heard when a reading of it comes: of its heartbeats nothing is recorded.
 */
export async function episodesOf(
  variants: readonly (readonly Site[])[],
  readings: AsyncIterable<StoredReading> | Iterable<StoredReading>,
  from: number,
  to: number,
): Promise<Episode[][]> {
  let playbacks: Playback[] | undefined;
  for await (const reading of readings) {
    // of the time before the first reading nothing is known, not even silence
    playbacks ??= variants.map((sites) => begun(sites, Math.max(from, reading.at)));
    for (const playback of playbacks) {
      playback.passTo(reading.at);
      playback.setHeard(reading.gateway, reading.at);
      playback.read(reading);
    }
  }
  return (playbacks ?? variants.map((sites) => begun(sites, to))).map((playback) => {
    playback.passTo(to);
    return episodesIn(playback);
  });
}

function begun(sites: readonly Site[], now: number): Playback {
  const playback = new Playback(sites, { now, tick_ms });
  for (const { gateways } of sites) for (const { id } of gateways) playback.setHeard(id, now);
  return playback;
}

function episodesIn({ effects }: Playback): Episode[] {
  const episodes = new Map<string, Episode>();
  for (const { kind, alert, at, site, rule, gateway, device, measure, channel } of effects) {
    const known = episodes.get(alert);
    if (kind === "raise") episodes.set(alert, { site, rule, gateway, device, measure, channel, from: at, to: null });
    else if (kind === "clear" && known !== undefined) episodes.set(alert, { ...known, to: at });
  }
  return [...episodes.values()];
}

/** Holds the present rules' episodes against those of changed rules: the same is what overlaps, of one rule and series. */
export function compare(present: readonly Episode[], changed: readonly Episode[]): Comparison[] {
  const isIn = (others: readonly Episode[], one: Episode): boolean =>
    others.some((other) => nameOf(other) === nameOf(one) && overlap(one, other));
  return [
    ...changed.map((episode): Comparison => ({ of: isIn(present, episode) ? "both" : "changed", episode })),
    ...present.filter((one) => !isIn(changed, one)).map((episode): Comparison => ({ of: "present", episode })),
  ].sort((a, b) => a.episode.from - b.episode.from);
}

/** The rule and the series that an episode is of. */
export function nameOf({ rule, gateway, device, measure, channel }: Episode): string {
  const series = [device ?? gateway, measure, channel].filter((part) => part !== null);
  return `${rule} ${series.join("/")}`;
}

function overlap(a: Episode, b: Episode): boolean {
  return a.from <= (b.to ?? Infinity) && b.from <= (a.to ?? Infinity);
}
