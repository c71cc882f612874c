import type { Measure, Site, SiteDevice } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { AnalogIndicator } from "../components/analog-indicator.tsx";
import { Figure, StaleNote } from "../components/reading-value.tsx";
import { useDoubt, useReading, useTrend } from "../components/series.ts";
import { Sheet } from "../components/sheet.tsx";
import { TrendChart } from "../components/trend-chart.tsx";
import { brokenLimit, limitsOf, scaleOf } from "../state/limits.ts";
import { measureName } from "../text/names.ts";

export function Boilers({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const boilers = site.devices.filter(({ type }) => type === "boiler");
  if (boilers.length === 0) return null;
  return (
    <Sheet id="boilers" title={store.text.value.boilers.title}>
      {boilers.map((device) => (
        <Boiler key={device.id} site={site} device={device} />
      ))}
    </Sheet>
  );
}

function Boiler({ site, device }: { readonly site: Site; readonly device: SiteDevice }) {
  const { store } = useApp();
  const language = store.language.value;
  const doubt = useDoubt(device);
  const measures = device.measures.filter(({ kind }) => kind === "temperature" || kind === "pressure");
  const first = measures[0];
  const reading = useReading(device.id, first?.kind ?? "temperature", first?.channel ?? null);
  return (
    <div class="boiler" data-testid={`boiler-${device.id}`} data-stale={doubt ?? undefined}>
      <h3 class="device-name">{device.name[language]}</h3>
      <dl class="gauges">
        {measures.map((measure) => (
          <Gauge key={`${measure.kind}/${measure.channel ?? ""}`} site={site} device={device} measure={measure} />
        ))}
      </dl>
      <Temperatures site={site} device={device} />
      <StaleNote doubt={doubt} at={reading?.at ?? null} />
    </div>
  );
}

interface GaugeProps {
  readonly site: Site;
  readonly device: SiteDevice;
  readonly measure: Measure;
}

function Gauge({ site, device, measure }: GaugeProps) {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const { kind, channel } = measure;
  const reading = useReading(device.id, kind, channel);
  const limits = limitsOf(site.rules, { device: device.id, kind, channel });
  const value = reading?.value ?? null;
  const broken = brokenLimit(limits, value);
  return (
    <div class="gauge" data-broken={broken?.severity} data-channel={channel ?? kind}>
      <dt>{measureName(device, kind, channel, store.language.value, text)}</dt>
      <dd class="gauge-value">
        <Figure kind={kind} value={value} />
      </dd>
      <dd class="gauge-scale">
        <AnalogIndicator kind={kind} scale={scaleOf(measure, limits, value)} value={value} limits={limits} />
        {broken !== null && (
          <span class="gauge-broken">
            {(broken.side === "above" ? text.tanks.above : text.tanks.below)(format.quantity(kind, broken.value))}
          </span>
        )}
      </dd>
    </div>
  );
}

/** Supply and return on one chart: the distance between them is what the boiler gives. */
function Temperatures({ site, device }: { readonly site: Site; readonly device: SiteDevice }) {
  const { store } = useApp();
  const text = store.text.value;
  const language = store.language.value;
  const measures = device.measures.filter(({ kind }) => kind === "temperature").slice(0, 2);
  const first = useTrend(device.id, "temperature", measures[0]?.channel ?? null);
  const second = useTrend(device.id, "temperature", measures[1]?.channel ?? null);
  if (measures.length === 0) return null;
  const names = measures.map(({ channel }) => measureName(device, "temperature", channel, language, text));
  const limits = measures.flatMap(({ channel }) =>
    limitsOf(site.rules, { device: device.id, kind: "temperature", channel }),
  );
  const looks = ["first", "second"] as const;
  return (
    <figure class="boiler-trend">
      <figcaption class="caption">
        {text.boilers.trend}
        {names.map((name, index) => (
          <span key={name} class={`key key-${looks[index] ?? "first"}`}>
            {name}
          </span>
        ))}
      </figcaption>
      <TrendChart
        lines={measures.map((_, index) => ({ points: index === 0 ? first : second, look: looks[index] ?? "first" }))}
        limits={limits}
        axes
        height_rem={8}
        label={`${device.name[language]} ${text.boilers.trend}`}
      />
    </figure>
  );
}
