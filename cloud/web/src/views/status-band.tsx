import { useComputed } from "@preact/signals";
import { useApp } from "../components/app.ts";
import { Mark } from "../components/mark.tsx";
import type { Alert, Site } from "../api/types.ts";
import { isOpen } from "../state/alerts.ts";
import type { SiteState } from "../state/site-state.ts";
import { alertName, alertPlace, gatewayName } from "../text/names.ts";

/** The site at a glance, in words, shape and colour: what is read from across the room. */
export function StatusBand() {
  const { store } = useApp();
  const state = store.siteState.value;
  const site = store.world.site.value;
  const text = store.text.value;
  if (state === null || site === null) return null;
  const { level } = state;
  const severity = level === "critical" || level === "warning" || level === "info" ? level : null;
  const worst = severity === null ? undefined : state.active.find((alert) => alert.severity === severity);
  return (
    <section
      class="band"
      aria-label={text.siteState.label}
      data-testid="site-state"
      data-state={level}
      data-loud={state.loud !== null}
    >
      <Mark kind={level} hollow={severity !== null && state.loud === null} />
      <div class="band-words">
        <p class="band-headline">{severity === null ? headlineOf(level, text) : <Count state={state} />}</p>
        {worst === undefined ? (
          <Reasons state={state} site={site} />
        ) : (
          <Worst alert={worst} state={state} site={site} />
        )}
      </div>
      <Facts state={state} site={site} />
    </section>
  );
}

function headlineOf(
  level: SiteState["level"],
  text: { siteState: { well: string; attention: string; unknown: string } },
): string {
  return level === "well"
    ? text.siteState.well
    : level === "unknown"
      ? text.siteState.unknown
      : text.siteState.attention;
}

function Count({ state }: { readonly state: SiteState }) {
  const { store } = useApp();
  const text = store.text.value;
  const severity = state.active.map((alert) => alert.severity).includes("critical")
    ? "critical"
    : state.active.some((alert) => alert.severity === "warning")
      ? "warning"
      : "info";
  const count = state.active.filter((alert) => alert.severity === severity).length;
  const others = state.open.length - count;
  return (
    <>
      {text.siteState.headline(severity, count)}
      <small class="band-aside">
        {[
          others > 0 ? text.siteState.andOthers(others) : "",
          state.unanswered > 0 ? text.siteState.toAcknowledge(state.unanswered) : text.siteState.allAcknowledged,
        ]
          .filter((part) => part !== "")
          .join(text.dot)}
      </small>
    </>
  );
}

/** The most urgent alert, by name and place: what one has to know before anything else. */
function Worst({ alert, state, site }: { readonly alert: Alert; readonly state: SiteState; readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const language = store.language.value;
  const format = store.format.value;
  const liveness = store.liveness.value;
  const heardAt = store.connection.value.heardAt;
  const others = state.active.filter((other) => other !== alert && other.severity === alert.severity);
  return (
    <>
      <p class="band-worst">
        <strong>{alertName(site, alert, language)}</strong>
        <span class="band-place">{alertPlace(site, alert, language, text)}</span>
        <span class="band-lasting">{text.alerts.lasting(format.duration(store.now.value - alert.raisedAt))}</span>
      </p>
      {others.length > 0 && (
        <p class="band-others">{others.map((other) => alertName(site, other, language)).join(text.listSeparator)}</p>
      )}
      {liveness !== "live" && heardAt !== null && (
        <p class="band-doubt">
          <Mark kind="unknown" />
          {text.live.asOf(format.time(heardAt))}
        </p>
      )}
    </>
  );
}

/** Why it can't be said that all is well, or that it can. */
function Reasons({ state, site }: { readonly state: SiteState; readonly site: Site }) {
  const { store } = useApp();
  const { siteState: text, listSeparator, dot, live } = store.text.value;
  const language = store.language.value;
  const format = store.format.value;
  const heardAt = store.connection.value.heardAt;
  if (state.level === "unknown") {
    return (
      <p class="band-reasons">
        {heardAt === null ? text.unknownConnecting : `${text.unknownLost}${dot}${live.asOf(format.time(heardAt))}`}
      </p>
    );
  }
  const reasons = [
    ...(state.gatewaysOffline.length > 0
      ? [text.gatewayOffline(state.gatewaysOffline.map((id) => gatewayName(site, id, language)).join(listSeparator))]
      : []),
    ...(state.gatewaysTroubled.length > 0
      ? [text.gatewayTroubled(state.gatewaysTroubled.map((id) => gatewayName(site, id, language)).join(listSeparator))]
      : []),
    ...(state.devicesBehind.length > 0 ? [text.devicesBehind(state.devicesBehind.length)] : []),
    ...(state.devicesSilent.length > 0 ? [text.devicesSilent(state.devicesSilent.length)] : []),
    ...state.catchingUp.map(({ gateway, backlog }) =>
      text.catchingUp(gatewayName(site, gateway, language), format.number(backlog)),
    ),
    ...(state.open.length > 0 ? [text.clearedWaiting(state.open.length)] : []),
  ];
  return <p class="band-reasons">{reasons.length === 0 ? text.wellSince : reasons.join(dot)}</p>;
}

/** The figures that a manager asks for first; each leads to where it comes from. */
function Facts({ state, site }: { readonly state: SiteState; readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const rounds = useComputed(() => {
    const all = [...store.world.rounds.value.values()];
    return { done: all.filter((round) => round.state === "complete").length, all: all.length };
  }).value;
  const open = useComputed(() => [...store.world.alerts.value.values()].filter(isOpen).length).value;
  const gates = site.devices.filter(({ type }) => type === "gate");
  const today = useComputed(() =>
    gates.reduce((sum, { id }) => sum + (store.world.counters.value.get(id)?.today ?? 0), 0),
  ).value;
  const offline = state.gatewaysOffline.length;
  const facts: [label: string, value: string, href: string, off: boolean][] = [
    [text.siteState.facts.alerts, format.number(open), "#alerts", open > 0],
    [
      text.siteState.facts.devices,
      `${state.devices.current}/${state.devices.total}`,
      "#devices",
      state.devices.current < state.devices.total,
    ],
    [
      text.siteState.facts.gateways,
      `${site.gateways.length - offline}/${site.gateways.length}`,
      "#gateways",
      offline > 0,
    ],
    [text.siteState.facts.rounds, text.rounds.progress(rounds.done, rounds.all), "#rounds", false],
    ...(gates.length > 0
      ? [[text.siteState.facts.gate, format.number(today), "#gate", false] satisfies [string, string, string, boolean]]
      : []),
  ];
  return (
    <ul class="facts">
      {facts.map(([label, value, href, off]) => (
        <li key={href}>
          <a href={href} class={off ? "fact-off" : ""}>
            <span class="fact-label">{label}</span>
            <span class="fact-value">{value}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
