import { useRef, useState } from "preact/hooks";
import type { Alert, Site } from "../../api/types.ts";
import { useApp } from "../../components/app.ts";
import { Mark } from "../../components/mark.tsx";
import { useReading } from "../../components/series.ts";
import { isClosable, isUnanswered } from "../../state/alerts.ts";
import { alertName, alertPlace, ruleOf } from "../../text/names.ts";
import { FindingLink } from "../findings/finding-link.tsx";
import { AlertForm } from "./alert-form.tsx";
import { Notifications } from "./notifications.tsx";

interface AlertEntryProps {
  readonly alert: Alert;
  readonly site: Site;
}

/** One open alert: how bad, what, where, since when, what to do first, who sees to it, and who was told. */
export function AlertEntry({ alert, site }: AlertEntryProps) {
  const { store } = useApp();
  const [form, setForm] = useState<"acknowledge" | "close" | null>(null);
  const entry = useRef<HTMLElement>(null);
  const done = (): void => {
    setForm(null);
    // the form that had the focus goes: whoever uses the keyboard stays at this alert
    entry.current?.focus({ preventScroll: true });
  };
  const text = store.text.value;
  const language = store.language.value;
  const name = alertName(site, alert, language);
  const advice = (alert.advice ?? ruleOf(site, alert)?.advice)?.[language];
  const message = alert.message?.[language];
  const session = store.session.value;
  const may = (right: string): boolean => session.kind === "signed_in" && session.session.rights.includes(right);
  const unanswered = isUnanswered(alert);
  const closable = isClosable(alert);

  return (
    <article
      ref={entry}
      tabIndex={-1}
      class="alert"
      data-testid={`alert-${alert.id}`}
      data-state={alert.state}
      data-severity={alert.severity}
      aria-label={`${text.severity[alert.severity]}${text.colon}${name}`}
    >
      <div class="alert-sign">
        <Mark kind={alert.severity} hollow={alert.state !== "firing"} />
        <span>{text.severity[alert.severity]}</span>
      </div>
      <div class="alert-what">
        <h3>
          {name}
          <span class="alert-place">{alertPlace(site, alert, language, text)}</span>
        </h3>
        {message !== undefined && message !== name && <p class="alert-message">{message}</p>}
        {advice !== undefined && (
          <p class="alert-advice">
            <b>{text.alerts.adviceLabel}</b>
            {advice}
          </p>
        )}
      </div>
      <dl class="alert-facts">
        <AlertTimes alert={alert} />
        <AlertValue alert={alert} site={site} />
      </dl>
      <div class="alert-do">
        <AlertStateWords alert={alert} />
        {unanswered && (
          <button
            type="button"
            class={`button ${alert.state === "firing" ? "urgent" : "primary"}`}
            data-testid="acknowledge"
            disabled={!may("acknowledge")}
            aria-expanded={form === "acknowledge"}
            onClick={() => setForm(form === "acknowledge" ? null : "acknowledge")}
          >
            {text.alerts.acknowledge}
          </button>
        )}
        {closable && (
          <button
            type="button"
            class="button"
            data-testid="close"
            disabled={!may("close")}
            aria-expanded={form === "close"}
            onClick={() => setForm(form === "close" ? null : "close")}
          >
            {text.alerts.close}
          </button>
        )}
        {alert.state !== "firing" && <FindingLink alert={alert.id} />}
        {(unanswered || closable) && !may(unanswered ? "acknowledge" : "close") && (
          <p class="soft">{text.alerts.noRight}</p>
        )}
      </div>
      {form === "acknowledge" && unanswered && <AlertForm alert={alert} act="acknowledge" onDone={done} />}
      {form === "close" && closable && <AlertForm alert={alert} act="close" onDone={done} />}
      <Notifications alert={alert.id} site={site} open={alert.state === "firing"} />
    </article>
  );
}

function AlertTimes({ alert }: { readonly alert: Alert }) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const { raisedAt, clearedAt } = alert;
  return (
    <div class="alert-times">
      <dt>{text.alerts.raisedAt(format.moment(raisedAt, now))}</dt>
      <dd>
        {clearedAt === null
          ? text.alerts.lasting(format.duration(now - raisedAt))
          : text.alerts.lasted(format.duration(clearedAt - raisedAt))}
      </dd>
      {clearedAt !== null && <dd class="soft">{text.alerts.clearedAt(format.moment(clearedAt, now))}</dd>}
    </div>
  );
}

/** The value that raised it, and what it is now. Contacts have their words elsewhere, and silence has no value. */
function AlertValue({ alert, site }: { readonly alert: Alert; readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const kind = alert.kind ?? ruleOf(site, alert)?.when.kind ?? null;
  const reading = useReading(alert.device ?? "", kind ?? "level", alert.channel);
  if (kind === null || alert.value === null || kind === "contact") return null;
  const limit = ruleOf(site, alert)?.when;
  return (
    <div class="alert-value">
      <dt>{text.alerts.valueThen}</dt>
      <dd>{format.quantity(kind, alert.value)}</dd>
      {reading !== undefined && (
        <>
          <dt>{text.alerts.valueNow}</dt>
          <dd>{format.quantity(kind, reading.value)}</dd>
        </>
      )}
      {limit?.limit != null && (
        <>
          <dt>{limit.type === "above" ? text.tanks.high : text.tanks.low}</dt>
          <dd>{format.quantity(kind, limit.limit)}</dd>
        </>
      )}
    </div>
  );
}

function AlertStateWords({ alert }: { readonly alert: Alert }) {
  const { store } = useApp();
  const { alerts: text, unknown } = store.text.value;
  const { state, acknowledgedAt, acknowledgedBy } = alert;
  const answered = acknowledgedAt !== null;
  return (
    <p class="alert-state">
      {state === "cleared" && answered ? text.state.clearedAcknowledged : text.state[state]}
      {answered && (
        <span class="alert-who">
          {text.acknowledgedBy(acknowledgedBy ?? unknown, store.format.value.moment(acknowledgedAt, store.now.value))}
        </span>
      )}
    </p>
  );
}
