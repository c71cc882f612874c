import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Language } from "@gengfu/shared/model/text";
import type { Failure } from "../api/http.ts";
import type { Notification, Session } from "../api/types.ts";
import { type Dictionary, dictionaries } from "../text/dictionary.ts";
import { createFormat, type Format } from "../text/format.ts";
import { type Connection, type Liveness, livenessOf } from "./connection.ts";
import type { Preferences } from "./preferences.ts";
import { assess, sameSiteState, type SiteState } from "./site-state.ts";
import { emptyWorld, type World } from "./world.ts";

export type SessionState =
  | { readonly kind: "unknown" }
  /** `ended`: there was a session, and the service no longer takes it. */
  | { readonly kind: "anonymous"; readonly ended: boolean }
  | { readonly kind: "signed_in"; readonly session: Session };

export type WorldSignals = { readonly [Slice in keyof World]: Signal<World[Slice]> };

/**
 * All state of the page, in signals: a slice of the world each, so that a component is drawn again only when what it
 * reads has changed. Only `Sync` and the actions write to it.
 */
export interface Store {
  readonly session: Signal<SessionState>;
  readonly connection: Signal<Connection>;
  /** Why the last fetch of everything failed, while it is still being tried again. */
  readonly failure: Signal<Failure | null>;
  /** By the service's clock, moved on once a second. */
  readonly now: Signal<number>;
  readonly preferences: Signal<Preferences>;
  readonly notifications: Signal<ReadonlyMap<string, readonly Notification[]>>;
  readonly world: WorldSignals;

  readonly language: ReadonlySignal<Language>;
  readonly text: ReadonlySignal<Dictionary>;
  readonly format: ReadonlySignal<Format>;
  readonly liveness: ReadonlySignal<Liveness>;
  /** Null before the site is known. */
  readonly siteState: ReadonlySignal<SiteState | null>;

  snapshot(): World;
  replace(world: World): void;
}

export function createStore(preferences: Preferences, now: number): Store {
  const world: WorldSignals = {
    site: signal(emptyWorld.site),
    latest: signal(emptyWorld.latest),
    contacts: signal(emptyWorld.contacts),
    trends: signal(emptyWorld.trends),
    counters: signal(emptyWorld.counters),
    taps: signal(emptyWorld.taps),
    devices: signal(emptyWorld.devices),
    gateways: signal(emptyWorld.gateways),
    alerts: signal(emptyWorld.alerts),
    rounds: signal(emptyWorld.rounds),
    quarantine: signal(emptyWorld.quarantine),
    unclaimed: signal(emptyWorld.unclaimed),
  };
  const connection = signal<Connection>({ kind: "connecting", since: now, heardAt: null });
  const nowSignal = signal(now);
  const preferencesSignal = signal(preferences);
  const language = computed(() => preferencesSignal.value.language);
  let lastState: SiteState | null = null;
  const liveness = computed(() => livenessOf(connection.value, nowSignal.value));

  return {
    session: signal<SessionState>({ kind: "unknown" }),
    connection,
    failure: signal<Failure | null>(null),
    now: nowSignal,
    preferences: preferencesSignal,
    notifications: signal(new Map<string, readonly Notification[]>()),
    world,
    language,
    text: computed(() => dictionaries[language.value]),
    format: computed(() => createFormat(language.value, world.site.value?.timeZone ?? "Asia/Shanghai")),
    liveness,
    siteState: computed(() => {
      const site = world.site.value;
      if (site === null) return null;
      const next = assess({
        site,
        alerts: world.alerts.value,
        gateways: world.gateways.value,
        devices: world.devices.value,
        liveness: liveness.value,
      });
      if (lastState === null || !sameSiteState(lastState, next)) lastState = next;
      return lastState;
    }),
    snapshot: () => ({
      site: world.site.peek(),
      latest: world.latest.peek(),
      contacts: world.contacts.peek(),
      trends: world.trends.peek(),
      counters: world.counters.peek(),
      taps: world.taps.peek(),
      devices: world.devices.peek(),
      gateways: world.gateways.peek(),
      alerts: world.alerts.peek(),
      rounds: world.rounds.peek(),
      quarantine: world.quarantine.peek(),
      unclaimed: world.unclaimed.peek(),
    }),
    replace(next) {
      batch(() => {
        world.site.value = next.site;
        world.latest.value = next.latest;
        world.contacts.value = next.contacts;
        world.trends.value = next.trends;
        world.counters.value = next.counters;
        world.taps.value = next.taps;
        world.devices.value = next.devices;
        world.gateways.value = next.gateways;
        world.alerts.value = next.alerts;
        world.rounds.value = next.rounds;
        world.quarantine.value = next.quarantine;
        world.unclaimed.value = next.unclaimed;
      });
    },
  };
}
