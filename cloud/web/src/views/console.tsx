import { useEffect, useState } from "preact/hooks";
import type { Site } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Mark } from "../components/mark.tsx";
import { startShortcuts } from "../screen/shortcuts.ts";
import { alertName } from "../text/names.ts";
import { Alerts } from "./alerts/alerts.tsx";
import { Boilers } from "./boilers.tsx";
import { DayStrip } from "./day-strip.tsx";
import { Devices } from "./devices.tsx";
import { FindingDialog } from "./findings/finding-dialog.tsx";
import { Findings } from "./findings/findings.tsx";
import { FirePanels } from "./fire-panel.tsx";
import { Gates } from "./gate.tsx";
import { Gateways } from "./gateways.tsx";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { Login } from "./login.tsx";
import { Quarantine } from "./quarantine.tsx";
import { Rounds } from "./rounds.tsx";
import { StatusBand } from "./status-band.tsx";
import { Tanks } from "./tanks.tsx";
import { Unclaimed } from "./unclaimed.tsx";
import { Taps } from "./taps.tsx";

/** The page: the login, or the watch over the site. */
export function Console() {
  const { store, actions, screen } = useApp();
  const [help, setHelp] = useState(false);
  const session = store.session.value;
  const site = store.world.site.value;

  useEffect(
    () =>
      startShortcuts(document, {
        help: () => setHelp((shown) => !shown),
        language: () => actions.prefer({ language: store.language.peek() === "zh" ? "en" : "zh" }),
        sound: () => screen.siren.toggle(),
        wall: () => screen.setWall(!screen.isWall()),
      }),
    [],
  );

  if (session.kind === "anonymous") return <Login ended={session.ended} />;
  return (
    <>
      <a class="skip" href="#alerts">
        {store.text.value.skipToAlerts}
      </a>
      <Header onHelp={() => setHelp(true)} />
      {site === null ? <Waiting /> : <Watch site={site} />}
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

/** The sections in the order in which they are read on a phone; wider screens put the columns side by side. */
function Watch({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const liveness = store.liveness.value;
  return (
    <main class="watch" data-liveness={liveness}>
      <StatusBand />
      <Alerts site={site} />
      <DayStrip site={site} />
      <div class="columns">
        <div class="column column-a">
          <FirePanels site={site} />
          <Gates site={site} />
          <Gateways site={site} />
          <Quarantine site={site} />
          <Unclaimed />
        </div>
        <div class="column column-b">
          <Tanks site={site} />
          <Boilers site={site} />
        </div>
        <div class="column column-c">
          <Rounds site={site} />
          <Taps site={site} />
        </div>
        <div class="column column-d">
          <Findings site={site} />
          <Devices site={site} />
          <UnsetChannels site={site} />
        </div>
      </div>
      <Call site={site} />
      <FindingDialog site={site} />
    </main>
  );
}

/** On a phone, whose screen shows one section at a time: stays in sight while an alert fires, and leads to it. */
function Call({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const worst = store.siteState.value?.open[0];
  if (worst?.state !== "firing") return null;
  return (
    <a class="call" href="#alerts" data-severity={worst.severity}>
      <Mark kind={worst.severity} />
      {store.text.value.alerts.call(alertName(site, worst, store.language.value))}
    </a>
  );
}

/** Before anything is known, or while it can't be had: why, and what to do. */
function Waiting() {
  const { store } = useApp();
  const text = store.text.value;
  const failure = store.failure.value;
  return (
    <main class="waiting" data-testid="waiting">
      {failure === null ? (
        <p>{text.loading}</p>
      ) : (
        <p role="alert">
          <Mark kind="unknown" />
          {text.failures[failure]}
        </p>
      )}
    </main>
  );
}

function UnsetChannels({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const { notifications: text, listSeparator } = store.text.value;
  const unset = Object.entries(site.notifications).flatMap(([channel, set]) => (set ? [] : [channel]));
  if (unset.length === 0) return null;
  const names = unset.map((channel) => text.channel[channel.replaceAll("_", "-")] ?? channel);
  return <p class="caption unset">{text.unset(names.join(listSeparator))}</p>;
}
