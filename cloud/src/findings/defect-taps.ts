import type { StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import { rulesName } from "../alerts/alert-recorder.ts";
import { joined } from "../alerts/alert-text.ts";
import type { SiteFacts } from "../site-facts.ts";
import { deadlines } from "./due.ts";
import { discovered, type Finding } from "./finding.ts";
import type { FindingTable } from "./finding-table.ts";
import type { FindingSettings } from "./settings.ts";
import type { KnownTap, TapTable } from "./tap-table.ts";

const unsureNote =
  "网关时钟不准，此为云端收到的时间 / the gateway did not know the time; this is when the cloud heard of it";
const lateNote = "发现人的打点后到 / the tap of the one who found it came later";

export interface DefectTapsOptions {
  readonly sites: readonly Site[];
  readonly facts: Pick<SiteFacts, "tap">;
  readonly settings: FindingSettings;
  readonly findings: FindingTable;
  readonly taps: TapTable;
}

/**
 * Makes findings of taps: a guard taps the own card (or, with a carried reader, the checkpoint's tag) and then, at the
 * same reader and soon after, the card of a defect. The two may come in any order, and again; always in the caller's
 * transaction.
 */
export class DefectTaps {
  readonly #options: DefectTapsOptions;
  readonly #siteOf: ReadonlyMap<string, Site>;

  constructor(options: DefectTapsOptions) {
    this.#options = options;
    this.#siteOf = new Map(options.sites.flatMap((site) => site.gateways.map(({ id }) => [id, site] as const)));
  }

  /** Takes a reading in; gives back the finding that it made or changed. `now` is the cloud's time. */
  take(reading: StoredReading, now: number): Finding[] {
    const { taps, settings } = this.#options;
    const tap = this.#tapOf(reading, now);
    if (tap === undefined || !taps.add(tap)) return [];
    if (tap.defect !== null) {
      const place = taps.before(tap, settings.defect_within);
      return place === undefined ? [] : this.#found(tap, place, now);
    }
    return taps.defectsAfter(tap, settings.defect_within).flatMap(({ tap: defect, finding }) => {
      if (finding === null) return this.#found(defect, tap, now);
      return this.#name(finding, defect, tap, now);
    });
  }

  /** What waited long enough for a guard's tap becomes a finding of nobody known. */
  settleWaiting(now: number): Finding[] {
    const { taps, settings } = this.#options;
    const found = taps.waiting(now - settings.defect_wait).flatMap((tap) => this.#found(tap, null, now));
    taps.prune(now);
    return found;
  }

  #tapOf(reading: StoredReading, now: number): KnownTap | undefined {
    const { gateway, epoch, seq, device, kind, at, clock, detail } = reading;
    const site = this.#siteOf.get(gateway);
    if (kind !== "tap" || site === undefined) return undefined;
    const { checkpoint, guard, guardName, defect } = this.#options.facts.tap(reading);
    const isPlace = detail?.["tag"] === undefined ? guard !== null : checkpoint !== null;
    if (defect === undefined && !isPlace) return undefined;
    return {
      key: `${gateway}/${epoch}/${seq}`,
      site: site.id,
      gateway,
      device,
      at,
      sure: clock !== "unsynchronised",
      heardAt: now,
      guard: guardName ?? guard,
      checkpoint,
      defect: defect ?? null,
    };
  }

  #found(tap: KnownTap, place: KnownTap | null, now: number): Finding[] {
    const { findings, taps, settings } = this.#options;
    const site = this.#options.sites.find(({ id }) => id === tap.site);
    const defect = site?.defects.find(({ id }) => id === tap.defect);
    // a defect that the site file no longer has
    if (site === undefined || defect === undefined) return [];
    const foundBy = tap.guard ?? place?.guard ?? null;
    const responsible = site.people.find(({ id }) => id === defect.responsible)?.name.zh ?? null;
    const foundAt = tap.sure ? Math.min(tap.at, now) : now;
    const discovery = {
      site: site.id,
      source: "tap",
      alert: null,
      defect: defect.id,
      device: tap.device,
      checkpoint: tap.checkpoint ?? place?.checkpoint ?? null,
      what: joined(defect.name),
      grade: defect.grade,
      foundAt,
      foundBy,
      responsible,
      measure: null,
      // nobody could do anything about what was still under way
      ...deadlines(settings, defect.grade, now, site),
    } as const;
    const who = foundBy ?? rulesName;
    const note = tap.sure ? null : unsureNote;
    const known = findings.ofDefect(discovery, foundAt);
    const finding =
      known === undefined
        ? findings.create(`tap:${tap.key}`, discovery, discovered(discovery, now, note, who), now)
        : findings.append(
            known,
            { what: "seen_again", who, at: foundAt, note, state: known.state, changes: {} },
            now,
            `tap:${tap.key}`,
          );
    taps.settle(tap.key, finding.id);
    return [finding];
  }

  /** Who found it, where that came to light only after it stood in the ledger. */
  #name(id: number, defect: KnownTap, place: KnownTap, now: number): Finding[] {
    const { findings } = this.#options;
    const finding = findings.get(id);
    const isItsFirst = findings.byKey(`tap:${defect.key}`)?.id === id;
    if (finding === undefined || !isItsFirst || finding.foundBy !== null || place.guard === null) return [];
    const changes = { foundBy: place.guard, checkpoint: finding.checkpoint ?? place.checkpoint };
    const { state } = finding;
    return [findings.append(finding, { what: "note", who: rulesName, at: now, note: lateNote, state, changes }, now)];
  }
}
