import { useComputed } from "@preact/signals";
import type { Reading, Round, RoundState, Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { startOfDay, startOfNextDay } from "../text/zone.ts";
import { alertName } from "../text/names.ts";

const hour_ms = 3_600_000;

/** The day as one line of the ledger: the hours, the rounds' windows, each tap, each alert, and where now is. */
export function DayStrip({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  // a minute is finer than the strip shows
  const minute = useComputed(() => Math.floor(store.now.value / 60_000) * 60_000).value;
  const from = startOfDay(minute, site.timeZone);
  const to = startOfNextDay(minute, site.timeZone);
  const rounds = [...store.world.rounds.value.values()];
  const alerts = [...store.world.alerts.value.values()].filter(
    (alert) => alert.raisedAt >= from && alert.state !== "pending",
  );
  const taps = store.world.taps.value;
  const place = (at: number): string => `${(Math.min(1, Math.max(0, (at - from) / (to - from))) * 100).toFixed(3)}%`;
  const hours = Array.from({ length: Math.round((to - from) / hour_ms) + 1 }, (_, index) => from + index * hour_ms);
  return (
    <section class="day" aria-label={text.day.label(format.date(minute))} data-testid="day">
      <ul class="day-names" aria-hidden="true">
        <li>{text.day.rounds}</li>
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
        <RoundBars rounds={rounds} from={from} place={place} />
        <TapTicks taps={taps} place={place} />
        {alerts.map((alert) => (
          <span
            key={alert.id}
            class={`day-alert day-alert-${alert.severity}`}
            data-open={alert.state !== "closed"}
            style={{ left: place(alert.raisedAt) }}
            title={`${format.time(alert.raisedAt)} ${alertName(site, alert, store.language.value)}`}
          />
        ))}
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

function RoundBars({
  rounds,
  from,
  place,
}: {
  readonly rounds: readonly Round[];
  readonly from: number;
  readonly place: Place;
}) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const language = store.language.value;
  const words = (state: RoundState): string => text.rounds.state[state];
  return (
    <>
      {rounds
        .filter(({ window }) => window.to > from)
        .map(({ id, window, state, name, provisional, checkpoints }) => (
          <span
            key={id}
            class="day-round"
            data-state={state}
            data-provisional={provisional}
            style={{ left: place(window.from), width: `calc(${place(window.to)} - ${place(window.from)})` }}
            title={`${format.minute(window.from)}–${format.minute(window.to)} ${name[language]}${text.dot}${words(state)}`}
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
