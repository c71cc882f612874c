import { useComputed } from "@preact/signals";
import type { Site, SiteDevice } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { StaleNote } from "../components/reading-value.tsx";
import { useDoubt } from "../components/series.ts";
import { Sheet } from "../components/sheet.tsx";

export function Gates({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const gates = site.devices.filter(({ type }) => type === "gate");
  if (gates.length === 0) return null;
  return (
    <Sheet id="gate" title={store.text.value.gate.title}>
      {gates.map((device) => (
        <Gate key={device.id} device={device} named={gates.length > 1} />
      ))}
    </Sheet>
  );
}

function Gate({ device, named }: { readonly device: SiteDevice; readonly named: boolean }) {
  const { store } = useApp();
  const { gate: text } = store.text.value;
  const format = store.format.value;
  const today = useComputed(() => store.world.counters.value.get(device.id)?.today).value;
  const at = useComputed(() => store.world.counters.value.get(device.id)?.at).value;
  const doubt = useDoubt(device);
  return (
    <div class="gate" data-testid={`gate-${device.id}`} data-stale={doubt ?? undefined}>
      <p class="gate-name">{named ? device.name[store.language.value] : text.today}</p>
      <p class="gate-count">
        <span class="figure">
          {today === undefined ? "–" : format.number(today)}
          <small> {text.unit}</small>
        </span>
      </p>
      <StaleNote doubt={doubt} at={at ?? null} />
    </div>
  );
}
