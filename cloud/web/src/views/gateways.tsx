import type { Gateway, Named, Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Mark } from "../components/mark.tsx";
import { Sheet } from "../components/sheet.tsx";
import { isCatchingUp } from "../state/presence.ts";

const ranges_max = 3;

/** The gateways: whether they are heard, what waits there, what is missing, and what troubles them. */
export function Gateways({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const gateways = store.world.gateways.value;
  return (
    <Sheet id="gateways" title={text.gateways.title}>
      {site.gateways.map((named) => (
        <GatewayEntry key={named.id} named={named} gateway={gateways.get(named.id)} />
      ))}
    </Sheet>
  );
}

function GatewayEntry({ named, gateway }: { readonly named: Named; readonly gateway: Gateway | undefined }) {
  const { store } = useApp();
  const { gateways: text, presence, ago, unknown } = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const live = store.liveness.value === "live" || store.liveness.value === "connecting";
  const connected = gateway?.connected === true;
  const catchingUp = gateway !== undefined && connected && isCatchingUp(gateway);
  const state = !live ? "unknown" : !connected ? "offline" : catchingUp ? "in_transit" : "current";
  const words = {
    unknown: presence.disconnected,
    offline: text.disconnected,
    in_transit: presence.in_transit,
    current: text.connected,
  };
  const backlog = gateway?.backlog ?? null;
  const events = gateway?.queued?.events ?? 0;
  const missing = gateway?.missing ?? [];
  const lacking = missing.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const clocks: Readonly<Record<string, string>> = text.clocks;
  const clock = gateway?.clock ?? null;
  return (
    <div class="gateway" data-testid={`gateway-${named.id}`} data-state={state}>
      <p class="gateway-head">
        <span class="gateway-name">{named.name[store.language.value]}</span>
        <span class="gateway-state">
          <Mark kind={state === "current" ? "well" : state} />
          {words[state]}
        </span>
      </p>
      <dl class="pairs">
        <dt>{text.lastSeen}</dt>
        <dd>
          {gateway === undefined || gateway.lastSeenAt === null
            ? text.never
            : connected && live
              ? ago(format.duration(now - gateway.lastSeenAt))
              : format.moment(gateway.lastSeenAt, now)}
        </dd>
        <dt>{text.backlog}</dt>
        <dd class={catchingUp ? "off" : ""}>
          {backlog === null
            ? unknown
            : backlog === 0
              ? text.nothingWaits
              : `${text.backlogCount(format.number(backlog))}${events > 0 ? `${store.text.value.dot}${text.backlogEvents(format.number(events))}` : ""}`}
        </dd>
        <dt>{text.missing}</dt>
        <dd class={lacking > 0 ? "off" : ""}>
          {lacking === 0 ? (
            text.nothingMissing
          ) : (
            <>
              {text.missingCount(format.number(lacking), missing.length)}
              <small class="ranges">
                {missing
                  .slice(-ranges_max)
                  .map(([from, to]) => `${from}–${to}`)
                  .join(" ")}
                {missing.length > ranges_max && ` ${text.moreRanges(missing.length - ranges_max)}`}
              </small>
            </>
          )}
        </dd>
        {gateway?.disk != null && (
          <>
            <dt>{text.written}</dt>
            <dd>
              {format.megabytes(gateway.disk.today_bytes)}
              {gateway.disk.yesterday_bytes !== null && (
                <small class="ranges">{text.writtenBefore(format.megabytes(gateway.disk.yesterday_bytes))}</small>
              )}
            </dd>
          </>
        )}
        <dt>{text.clock}</dt>
        <dd class={clock === "unsynchronised" ? "off" : ""}>{clock === null ? unknown : (clocks[clock] ?? clock)}</dd>
        {gateway !== undefined && gateway.troubles.length > 0 && (
          <>
            <dt>{text.troubles}</dt>
            <dd class="off">
              <ul class="troubles">
                {gateway.troubles.map((trouble) => (
                  <li key={trouble}>{trouble}</li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
