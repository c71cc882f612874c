import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { gatewayOf, type Route, type Site } from "@gengfu/shared/model/site";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { Wakeup } from "@gengfu/shared/wakeup";
import type { GatewayRegistry, GatewayView } from "../gateways/registry.ts";
import { unexplained } from "../ledger/received.ts";
import type { SiteFacts } from "../site-facts.ts";
import type { EmbeddedStore } from "../stores/embedded/embedded-store.ts";
import { readingsLimit, type ReadingRow, type Store } from "../stores/store.ts";
import { dateAt, plannedRounds, type PlannedRound } from "./plan.ts";
import { judge, type GatewayDoubt, type Round, type RoundTap } from "./verdict.ts";

/** A tap whose clock was unsure may belong to a window that is so far away. */
const unsureReach_ms = 12 * 3_600_000;
/** A tap that shows a time of another year may have waited so long at its gateway before it came. */
const unsureWait_ms = 7 * 86_400_000;
/** How soon a change is judged, so that a burst of taps is judged once. */
const settle_ms = 200;
/** How often windows that open and close are looked for. */
const tick_ms = 10_000;
/** Days that wait to be judged again, at most: a long backlog touches many. */
const days_max = 40;

export interface PatrolOptions {
  readonly sites: readonly Site[];
  readonly facts: Pick<SiteFacts, "tap">;
  readonly store: Pick<Store, "readings"> & Pick<EmbeddedStore, "unsure">;
  readonly gateways: Pick<GatewayRegistry, "get">;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Place {
  readonly site: Site;
  /** Rounds of the days under watch as they were last told, by id. */
  readonly told: Map<string, { date: string; text: string }>;
  /** Days that changed. */
  readonly touched: Set<string>;
}

/** Judges rounds from the taps in the store, when asked and whenever something changes. Keeps nothing of its own. */
export class Patrol {
  readonly #options: PatrolOptions;
  readonly #places: readonly Place[];
  readonly #listeners = new Set<(round: Round) => void>();
  readonly #changes = new Wakeup();

  constructor(options: PatrolOptions) {
    this.#options = options;
    this.#places = options.sites.map((site) => ({
      site,
      told: new Map(),
      touched: new Set(),
    }));
  }

  /** The rounds whose windows open on a date, earliest first; today's by each site's zone without one. */
  async rounds(date?: Temporal.PlainDate, route?: string): Promise<Round[]> {
    const now = this.#options.clock.now();
    const found = await Promise.all(
      this.#places.map((place) => this.#roundsOf(place, date ?? dateAt(now, place.site.time_zone), route)),
    );
    return found.flat();
  }

  /** Calls back with each round whose taps or verdict changed, while `run` runs. The result ends it. */
  onChange(listener: (round: Round) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says which readings have come into the store. */
  stored(readings: Iterable<StoredReading>): void {
    for (const reading of readings) {
      if (reading.kind !== "tap") continue;
      // the days that are watched are judged in any case; of which it was says the correction
      if (reading.clock === "unsynchronised") {
        this.#changes.wake();
        continue;
      }
      for (const place of this.#places) {
        if (!place.site.gateways.some(({ id }) => id === reading.gateway)) continue;
        // a window that crosses midnight belongs to the day before
        const day = dateAt(reading.at, place.site.time_zone);
        this.#touch(place, day);
        this.#touch(place, day.subtract({ days: 1 }));
      }
    }
  }

  /** Says that a gateway came, went or told of its backlog: what is provisional may no longer be, or become so. */
  gatewayChanged(): void {
    this.#changes.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        for (const place of this.#places) await this.#judgeChanged(place);
      } catch (error) {
        logger.warn({ err: error }, "rounds can't be judged for now");
      }
      await this.#changes.wait(clock, tick_ms, signal);
      await pause(clock, settle_ms, signal);
    }
  }

  #touch(place: Place, day: Temporal.PlainDate): void {
    if (place.touched.size < days_max) place.touched.add(day.toString());
    this.#changes.wake();
  }

  async #judgeChanged(place: Place): Promise<void> {
    const today = dateAt(this.#options.clock.now(), place.site.time_zone);
    // windows of yesterday may still be open or provisional
    const watched = [today.subtract({ days: 1 }).toString(), today.toString()];
    const days = new Set([...place.touched, ...watched]);
    place.touched.clear();
    for (const day of days) {
      for (const round of await this.#roundsOf(place, Temporal.PlainDate.from(day), undefined)) {
        const text = JSON.stringify(round);
        if (place.told.get(round.id)?.text === text) continue;
        place.told.set(round.id, { date: day, text });
        for (const listener of this.#listeners) listener(round);
      }
    }
    for (const [id, { date }] of place.told) if (!watched.includes(date)) place.told.delete(id);
  }

  async #roundsOf(place: Place, date: Temporal.PlainDate, only: string | undefined): Promise<Round[]> {
    const { site } = place;
    const planned = site.routes
      .filter((route) => only === undefined || route.id === only)
      .flatMap((route) => plannedRounds(route, date, site.time_zone).map((plan) => ({ route, plan })))
      .sort((a, b) => a.plan.window.from - b.plan.window.from);
    if (planned.length === 0) return [];
    const taps = await this.#taps(site, planned);
    const strays = this.#strays(site, planned);
    const now = this.#options.clock.now();
    return planned.map(({ route, plan }) => {
      const from = plan.window.from - unsureReach_ms;
      const to = plan.window.to + unsureReach_ms;
      const isNear = ({ at }: RoundTap): boolean => at >= from && at < to;
      const own = [
        ...taps.filter(isNear),
        ...strays.flatMap(({ tap, storedAt }) => {
          const isPossible = storedAt >= plan.window.from && storedAt - unsureWait_ms < plan.window.to;
          return isPossible && !isNear(tap) ? [tap] : [];
        }),
      ].filter(({ checkpoint }) => route.checkpoints.includes(checkpoint));
      return judge(site, route, plan, { taps: own, gateways: this.#doubts(site, route), now });
    });
  }

  async #taps(site: Site, planned: readonly { plan: PlannedRound }[]): Promise<RoundTap[]> {
    const from = Math.min(...planned.map(({ plan }) => plan.window.from)) - unsureReach_ms;
    const to = Math.max(...planned.map(({ plan }) => plan.window.to)) + unsureReach_ms;
    const rows = await this.#options.store.readings({ kind: "tap", from, to, limit: readingsLimit.max });
    if (rows.length === readingsLimit.max) this.#options.logger.warn({ from, to }, "more taps than can be judged");
    const gateways = new Set(site.gateways.map(({ id }) => id));
    return rows.filter(({ gateway }) => gateways.has(gateway)).flatMap((row) => tapOf(row, this.#options.facts));
  }

  /** Taps of which nobody knows yet when they were: a clock that is years behind says nothing of the day. */
  #strays(site: Site, planned: readonly { plan: PlannedRound }[]): { tap: RoundTap; storedAt: number }[] {
    const gateways = new Set(site.gateways.map(({ id }) => id));
    return this.#options.store
      .unsure("tap", Math.min(...planned.map(({ plan }) => plan.window.from)))
      .filter(({ reading }) => gateways.has(reading.gateway))
      .flatMap(({ reading, storedAt }) => tapOf(reading, this.#options.facts).map((tap) => ({ tap, storedAt })));
  }

  /** Of the gateways through which the route's taps come; with carried readers it may be any. */
  #doubts(site: Site, route: Route): GatewayDoubt[] {
    const concerned = new Set(
      route.checkpoints.flatMap((id) => {
        const reader = site.checkpoints.find((point) => point.id === id)?.device;
        const device = site.devices.find((each) => each.id === reader);
        return device === undefined ? site.gateways.map((each) => each.id) : [gatewayOf(site, device)];
      }),
    );
    return [...concerned].map((id) => doubtOf(id, this.#options.gateways.get(id)));
  }
}

function tapOf(row: ReadingRow, facts: Pick<SiteFacts, "tap">): RoundTap[] {
  const { checkpoint, guard, guardName } = facts.tap(row);
  if (checkpoint === null) return [];
  const { at, device, detail, clock } = row;
  return [
    {
      at,
      checkpoint,
      device,
      guard,
      guard_name: guardName,
      // a carried reader has signed on as a device, so that its word is good without a card
      known: guardName !== null || detail?.["tag"] !== undefined,
      sure: clock !== "unsynchronised",
    },
  ];
}

function doubtOf(id: string, gateway: GatewayView | undefined): GatewayDoubt {
  return {
    id,
    firstSeenAt: gateway?.firstSeenAt ?? null,
    lastSeenAt: gateway?.lastSeenAt ?? null,
    backlog_events: gateway?.queued?.events ?? 0,
    missing: (gateway?.missingBecause ?? [])
      .filter(({ reason }) => reason === unexplained)
      .reduce((sum, { from, to }) => sum + to - from + 1, 0),
    clock_sure: gateway?.clock !== "unsynchronised",
  };
}
