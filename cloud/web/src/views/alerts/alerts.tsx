import { useComputed } from "@preact/signals";
import { useApp } from "../../components/app.ts";
import { Mark } from "../../components/mark.tsx";
import type { Alert, Site } from "../../api/types.ts";
import { Sheet } from "../../components/sheet.tsx";
import { alertName, alertPlace } from "../../text/names.ts";
import { FindingLink } from "../findings/finding-link.tsx";
import { AlertEntry } from "./alert-entry.tsx";

/** Open alerts, the most urgent first; below them, folded away, what was closed today. */
export function Alerts({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const open = store.siteState.value?.open ?? [];
  const closed = useComputed(() =>
    [...store.world.alerts.value.values()]
      .filter(({ state }) => state === "closed")
      .sort((a, b) => b.raisedAt - a.raisedAt),
  ).value;
  return (
    <Sheet
      id="alerts"
      title={text.alerts.title}
      summary={open.length === 0 ? text.alerts.none : store.format.value.number(open.length)}
    >
      {open.map((alert) => (
        <AlertEntry key={alert.id} alert={alert} site={site} />
      ))}
      {closed.length > 0 && <Closed alerts={closed} site={site} />}
      <Announcer site={site} open={open} />
    </Sheet>
  );
}

function Closed({ alerts, site }: { readonly alerts: readonly Alert[]; readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const language = store.language.value;
  const format = store.format.value;
  return (
    <details class="closed">
      <summary>{text.alerts.closedToday(alerts.length)}</summary>
      <ul>
        {alerts.slice(0, 20).map((alert) => (
          <li key={alert.id}>
            <Mark kind={alert.severity} hollow />
            <span>{alertName(site, alert, language)}</span>
            <span class="soft">{alertPlace(site, alert, language, text)}</span>
            <span class="soft">{format.moment(alert.raisedAt, store.now.value)}</span>
            <span>{alert.cause ?? ""}</span>
            <FindingLink alert={alert.id} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Tells those who hear the page of the newest alert that fires. */
function Announcer({ site, open }: { readonly site: Site; readonly open: readonly Alert[] }) {
  const { store } = useApp();
  const text = store.text.value;
  const language = store.language.value;
  const newest = open
    .filter(({ state }) => state === "firing")
    .reduce<Alert | undefined>(
      (last, alert) => (last === undefined || alert.raisedAt > last.raisedAt ? alert : last),
      undefined,
    );
  return (
    <p class="visually-hidden" role="alert" aria-live="assertive">
      {newest === undefined
        ? ""
        : text.alerts.announcement(
            text.severity[newest.severity],
            alertName(site, newest, language),
            alertPlace(site, newest, language, text),
          )}
    </p>
  );
}
