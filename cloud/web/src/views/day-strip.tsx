import { useComputed } from "@preact/signals";
import type { Reading, Round, Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { startOfDay, startOfNextDay } from "../text/zone.ts";
import { alertName } from "../text/names.ts";

const hour_ms = 3_600_000;
const routes_max = 4;

/** The day as one line of the ledger: the hours, the rounds' windows, each tap, each alert, and where now is. */
export function DayStrip({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  // a minute is finer than the strip shows
  const minute = useComputed(() => Math.floor(store.now.value / 60_000) * 60_000).value;
  const from = startOfDay(minute, site.timeZone);
  const to = startOfNextDay(minute, site.timeZone);
  const rounds = [...store.world.rounds.value.values()].filter(({ window }) => window.to > from && window.from < to);
  // routes whose windows overlap each have a line of their own
  const routes = [...new Set(rounds.map(({ route }) => route))].toSorted().slice(0, routes_max);
  const roundsHeight = { height: `${0.25 + 1.5 * Math.max(1, routes.length)}rem` };
  const alerts = [...store.world.alerts.value.values()].filter(
    (alert) => alert.raisedAt >= from && alert.state !== "pending",
  );
  const taps = store.world.taps.value;
  const place = (at: number): string => `${(Math.min(1, Math.max(0, (at - from) / (to - from))) * 100).toFixed(3)}%`;
  const hours = Array.from({ length: Math.round((to - from) / hour_ms) + 1 }, (_, index) => from + index * hour_ms);
  return (
    <section class="day" aria-label={text.day.label(format.date(minute))} data-testid="day">
      <ul class="day-names" aria-hidden="true">
        <li style={roundsHeight}>{text.day.rounds}</li>
        <li>{text.day.taps}</li>
        <li>{text.day.alerts}</li>
      </ul>
      <div class="day-hours" aria-hidden="true">
        {hours.map((at, index) => (
          <span key={at} class="day-hour" data-major={index % 6 === 0} style={{ left: place(at) }}>
            {index === hours.length - 1 ? "24" : format.minute(at).slice(0, 2)}
          </span>
        ))}
      </div>
      <div class="day-lines">
        <Night from={from} to={to} place={place} />
        {hours.map((at, index) => (
          <span key={at} class="day-rule" data-major={index % 6 === 0} style={{ left: place(at) }} />
        ))}
        <div class="day-lane" style={roundsHeight}>
          {routes.map((route, index) => (
            <RoundBars
              key={route}
              rounds={rounds.filter((round) => round.route === route)}
              line={index}
              from={from}
              place={place}
            />
          ))}
        </div>
        <div class="day-lane">
          <TapTicks taps={taps} place={place} />
        </div>
        <div class="day-lane">
          {alerts.map((alert) => (
            <span
              key={alert.id}
              class={`day-alert day-alert-${alert.severity}`}
              data-open={alert.state !== "closed"}
              style={{ left: place(alert.raisedAt) }}
              title={`${format.time(alert.raisedAt)} ${alertName(site, alert, store.language.value)}`}
            />
          ))}
        </div>
        <span class="day-now" style={{ left: place(minute) }} />
      </div>
    </section>
  );
}

type Place = (at: number) => string;

/** The five watches of the night, 19 to 5, as a shade. */
function Night({ from, to, place }: { readonly from: number; readonly to: number; readonly place: Place }) {
  const dawn = place(from + 5 * hour_ms);
  const dusk = place(to - 5 * hour_ms);
  return (
    <>
      <span class="day-night" style={{ left: "0", width: dawn }} />
      <span class="day-night" style={{ left: dusk, right: "0" }} />
    </>
  );
}

interface RoundBarsProps {
  readonly rounds: readonly Round[];
  /** Which of the lane's lines, from 0. */
  readonly line: number;
  readonly from: number;
  readonly place: Place;
}

function RoundBars({ rounds, line, from, place }: RoundBarsProps) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const language = store.language.value;
  return (
    <>
      {rounds.map(({ id, window, state, name, provisional, checkpoints }) => (
        <span
          key={id}
          class="day-round"
          data-state={state}
          data-provisional={provisional}
          style={{
            top: `${0.25 + 1.5 * line}rem`,
            left: place(window.from),
            width: `calc(${place(window.to)} - ${place(Math.max(from, window.from))})`,
          }}
          title={`${format.minute(window.from)}–${format.minute(window.to)} ${name[language]}${text.dot}${text.rounds.state[state]}`}
        >
          <span class="day-round-name">
            {state !== "upcoming" &&
              text.rounds.progress(checkpoints.filter(({ tapAt }) => tapAt !== null).length, checkpoints.length)}
          </span>
        </span>
      ))}
    </>
  );
}

function TapTicks({ taps, place }: { readonly taps: readonly Reading[]; readonly place: Place }) {
  return (
    <>
      {taps.map(({ gateway, seq, at }) => (
        <span key={`${gateway}/${seq}/${at}`} class="day-tap" style={{ left: place(at) }} />
      ))}
    </>
  );
}
