import { useComputed } from "@preact/signals";
import { seriesOf } from "@gengfu/shared/model/reading";
import type { Measure, Site, SiteDevice } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Mark, type MarkKind } from "../components/mark.tsx";
import { type Doubt, useDoubt } from "../components/series.ts";
import { StaleNote } from "../components/reading-value.tsx";
import { Sheet } from "../components/sheet.tsx";
import { contactRule } from "../state/limits.ts";
import { measureName } from "../text/names.ts";

/** The contacts of the fire panels, like the windows of an annunciator: dark while all is normal, lit when one is not. */
export function FirePanels({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const text = store.text.value;
  const panels = site.devices.filter(({ type }) => type === "fire_panel");
  if (panels.length === 0) return null;
  return (
    <Sheet id="panels" title={text.panel.title}>
      {panels.map((device) => (
        <Panel key={device.id} site={site} device={device} named={panels.length > 1} />
      ))}
    </Sheet>
  );
}

function Panel({ site, device, named }: { readonly site: Site; readonly device: SiteDevice; readonly named: boolean }) {
  const { store } = useApp();
  const doubt = useDoubt(device);
  const seenAt = useComputed(() =>
    Math.floor((store.world.devices.value.get(device.id)?.lastSeenAt ?? 0) / 1_000),
  ).value;
  return (
    <div class="panel" data-testid={`panel-${device.id}`} data-stale={doubt ?? undefined}>
      {named && <h3 class="device-name">{device.name[store.language.value]}</h3>}
      <ul class="windows">
        {device.measures
          .filter(({ kind }) => kind === "contact")
          .map((measure) => (
            <Window key={measure.channel ?? ""} site={site} device={device} measure={measure} doubt={doubt} />
          ))}
      </ul>
      <StaleNote doubt={doubt} at={seenAt === 0 ? null : seenAt * 1_000} />
    </div>
  );
}

interface WindowProps {
  readonly site: Site;
  readonly device: SiteDevice;
  readonly measure: Measure;
  readonly doubt: Doubt | null;
}

function Window({ site, device, measure, doubt }: WindowProps) {
  const { store } = useApp();
  const { panel: text, sinceTime, sinceAtLeast, noValue } = store.text.value;
  const format = store.format.value;
  const { channel } = measure;
  const series = seriesOf({ device: device.id, kind: "contact", channel });
  const contact = useComputed(() => store.world.contacts.value.get(series)).value;
  const rule = contactRule(site.rules, { device: device.id, kind: "contact", channel });
  const lit = contact !== undefined && rule !== null && contact.closed === rule.closed;
  const words =
    contact === undefined
      ? noValue
      : rule === null
        ? contact.closed
          ? text.closed
          : text.open
        : lit
          ? rule.severity === "critical"
            ? text.alarm
            : text.fault
          : text.normal;
  const mark: MarkKind = contact === undefined || doubt !== null ? "unknown" : lit ? rule.severity : "well";
  const now = store.now.value;
  return (
    <li class="window" data-lit={lit ? rule.severity : undefined} data-channel={channel ?? undefined}>
      <span class="window-name">{measureName(device, "contact", channel, store.language.value, store.text.value)}</span>
      <span class="window-state">
        {rule === null && doubt === null ? null : <Mark kind={mark} />}
        {words}
      </span>
      {contact !== undefined && (
        <span class="window-since">
          {(contact.certain ? sinceTime : sinceAtLeast)(format.moment(contact.since, now))}
        </span>
      )}
    </li>
  );
}
