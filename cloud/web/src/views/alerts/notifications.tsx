import { useComputed } from "@preact/signals";
import type { Notification, Site } from "../../api/types.ts";
import { useApp } from "../../components/app.ts";
import { Mark, type MarkKind } from "../../components/mark.tsx";
import { personName } from "../../text/names.ts";

interface NotificationsProps {
  readonly alert: string;
  readonly site: Site;
  /** In full from the start; otherwise folded behind what it comes to. */
  readonly open: boolean;
}

/** Who was told of an alert, by which channel, and how that went. */
export function Notifications({ alert, site, open }: NotificationsProps) {
  const { store } = useApp();
  const { notifications: text, colon, listSeparator } = store.text.value;
  const found = useComputed(() => store.notifications.value.get(alert)).value;
  if (found === undefined) return null;
  const known: Readonly<Record<string, string>> = text.state;
  const states = [...new Set(found.map(({ state }) => state))].map(
    (state) => `${known[state] ?? state} ${found.filter((one) => one.state === state).length}`,
  );
  return (
    <details class="told" data-testid="notifications" open={open}>
      <summary>
        {text.title}
        {colon}
        {found.length === 0 ? text.none : states.join(listSeparator)}
      </summary>
      <ul>
        {found.map((notification) => (
          <Told key={notification.id} notification={notification} site={site} />
        ))}
      </ul>
    </details>
  );
}

const marks: Readonly<Record<string, MarkKind>> = {
  sent: "well",
  failed: "attention",
  pending: "in_transit",
  would_be_sent: "never",
};

function Told({ notification, site }: { readonly notification: Notification; readonly site: Site }) {
  const { store } = useApp();
  const { notifications: text, dot } = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const { channel, target, state, about, sentAt, createdAt, attempts, error, text: content } = notification;
  const toGroup = target === null || target === channel;
  const who = toGroup ? text.group : (personName(site, target, target, store.language.value) ?? "");
  const at = sentAt ?? createdAt;
  const known: Readonly<Record<string, string>> = text.state;
  return (
    <li class={`told-${state}`} data-state={state}>
      <Mark kind={marks[state] ?? "unknown"} />
      <span class="told-who">
        {text.channel[channel.replaceAll("_", "-")] ?? channel} <span aria-hidden="true">→</span> {who}
      </span>
      <span class="told-state">
        {[
          known[state] ?? state,
          about === "cleared" ? text.about.cleared : "",
          at === null ? "" : format.moment(at, now),
          attempts > 1 ? text.attempts(attempts) : "",
        ]
          .filter((part) => part !== "")
          .join(dot)}
      </span>
      {error !== null && state !== "sent" && <span class="told-error">{error}</span>}
      {content !== null && content !== "" && (
        <details>
          <summary>{text.showText}</summary>
          <pre>{content}</pre>
        </details>
      )}
    </li>
  );
}
