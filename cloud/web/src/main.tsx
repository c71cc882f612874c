import { computed } from "@preact/signals";
import { systemClock } from "@gengfu/shared/time/clock";
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/alerts.css";
import "./style/sheets.css";
import "./style/devices.css";
import "./style/findings.css";
import "./style/wall.css";
import { createApi } from "./api/endpoints.ts";
import { createFindingsApi } from "./api/findings.ts";
import { ApiError, createHttp } from "./api/http.ts";
import { LiveStream } from "./api/live-stream.ts";
import { AppContext } from "./components/app.ts";
import { copyText } from "./screen/clipboard.ts";
import { startBeacon } from "./screen/beacon.ts";
import { BrowserSiren } from "./screen/siren.ts";
import { frameScheduler } from "./screen/frame-scheduler.ts";
import { WallMode } from "./screen/wall.ts";
import { createActions } from "./state/actions.ts";
import { FindingBook } from "./state/findings.ts";
import { loadPreferences, savePreferences } from "./state/preferences.ts";
import { ServiceClock } from "./state/service-clock.ts";
import { createStore } from "./state/store.ts";
import { Sync } from "./state/sync.ts";
import { Console } from "./views/console.tsx";

const base = "/api/v1";
const storage = (): Storage => window.localStorage;
const request = (input: string, init: RequestInit): Promise<Response> => fetch(input, init);

const clock = new ServiceClock(() => Date.now());
const store = createStore(loadPreferences(storage, navigator.languages), clock.now());
const http = createHttp({ fetch: request, base, onServerTime: (at) => clock.heard(at) });
const api = createApi(http);
const sync = new Sync({
  api,
  store,
  clock: systemClock,
  now: () => clock.now(),
  openStream: (callbacks) =>
    new LiveStream({ fetch: request, url: `${base}/events`, clock: systemClock, entropy: Math.random, ...callbacks }),
  schedule: frameScheduler(window),
});
const actions = createActions({
  api,
  store,
  take: (event) => sync.take(event),
  save: (preferences) => savePreferences(storage, preferences),
});
const findings = new FindingBook({
  api: createFindingsApi(http),
  store,
  clock: systemClock,
  signAs: (operator) => actions.prefer({ operator }),
  // without `crypto.randomUUID`, which browsers keep from pages that come without TLS
  newKey: () => `console-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
});
const siren = new BrowserSiren({
  wanted: store.preferences.peek().sound,
  onWanted: (sound) => actions.prefer({ sound }),
  loud: computed(() => store.session.value.kind === "signed_in" && (store.siteState.value?.loud ?? null) !== null),
  document,
});
const wall = new WallMode(window);

/** Asks who one is until the service answers. */
async function findSession(): Promise<void> {
  try {
    store.session.value = { kind: "signed_in", session: await api.session() };
    store.failure.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.failure === "unauthorised") {
      store.session.value = { kind: "anonymous", ended: false };
    } else {
      store.failure.value = error.failure;
      systemClock.after(3_000, () => void findSession());
    }
  }
}

/** The second hand: moves on with the service's seconds. */
function tick(): void {
  store.now.value = clock.now();
  systemClock.after(1_000 - (store.now.peek() % 1_000), tick);
}

let watching = new AbortController();
store.session.subscribe(({ kind }) => {
  watching.abort();
  watching = new AbortController();
  if (kind !== "signed_in") return;
  void sync.run(watching.signal);
  void findings.run(watching.signal);
});
window.addEventListener("online", () => sync.hurry());
wall.start();
siren.start();
startBeacon(store, document);
tick();
void findSession();

const host = document.getElementById("console");
if (host === null) throw new Error("the page has no #console");
render(
  <AppContext.Provider
    value={{
      store,
      actions,
      findings,
      screen: { siren, setWall: (on) => wall.set(on), isWall: () => wall.on, copy: (text) => copyText(text, window) },
    }}
  >
    <Console />
  </AppContext.Provider>,
  host,
);
