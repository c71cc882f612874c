import type { Measure, Site, SiteDevice } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Mark } from "../components/mark.tsx";
import { Figure, StaleNote } from "../components/reading-value.tsx";
import { useDoubt, useReading, useTrend } from "../components/series.ts";
import { Sheet } from "../components/sheet.tsx";
import { TankDrawing } from "../components/tank-drawing.tsx";
import { TrendChart } from "../components/trend-chart.tsx";
import { brokenLimit, limitsOf, scaleOf, shareOf } from "../state/limits.ts";

export function Tanks({ site }: { readonly site: Site }) {
  const { store } = useApp();
  const tanks = site.devices.flatMap((device) =>
    device.measures.filter(({ kind }) => kind === "level").map((measure) => ({ device, measure })),
  );
  if (tanks.length === 0) return null;
  return (
    <Sheet id="tanks" title={store.text.value.tanks.title}>
      <div class="tanks">
        {tanks.map(({ device, measure }) => (
          <Tank key={`${device.id}/${measure.channel ?? ""}`} site={site} device={device} measure={measure} />
        ))}
      </div>
    </Sheet>
  );
}

interface TankProps {
  readonly site: Site;
  readonly device: SiteDevice;
  readonly measure: Measure;
}

function Tank({ site, device, measure }: TankProps) {
  const { store } = useApp();
  const { tanks: text, noValue } = store.text.value;
  const format = store.format.value;
  const language = store.language.value;
  const { channel } = measure;
  const reading = useReading(device.id, "level", channel);
  const points = useTrend(device.id, "level", channel);
  const doubt = useDoubt(device);
  const limits = limitsOf(site.rules, { device: device.id, kind: "level", channel });
  const value = reading?.value ?? null;
  const litres = reading?.detail["litres"];
  const scale = scaleOf(measure, limits, value);
  const broken = brokenLimit(limits, value);
  const name =
    channel === null ? device.name[language] : `${device.name[language]} ${measure.name?.[language] ?? channel}`;
  const [low, high] = [Math.min(...points.map(({ min }) => min)), Math.max(...points.map(({ max }) => max))];
  return (
    <div
      class="tank"
      data-testid={`tank-${device.id}`}
      data-stale={doubt ?? undefined}
      data-broken={broken?.severity}
      data-channel={channel ?? undefined}
    >
      <h3 class="device-name">{name}</h3>
      <TankDrawing
        scale={scale}
        value={value}
        limits={limits}
        stale={doubt !== null}
        broken={broken?.severity ?? null}
        label={text.drawing(name, format.quantity("level", value))}
        limitLabel={(limit) => `${limit.side === "below" ? text.low : text.high} ${format.number(limit.value, 2)}`}
      />
      <div class="tank-figures">
        <p class="tank-level">
          <Figure kind="level" value={value} />
        </p>
        {typeof litres === "number" && <p class="tank-share">{text.litres(format.number(litres))}</p>}
        <p class="tank-share">{value === null ? noValue : text.ofScale(format.percent(shareOf(value, scale)))}</p>
        {broken !== null && (
          <p class="tank-broken">
            <Mark kind={broken.severity} />
            {(broken.side === "below" ? text.below : text.above)(format.quantity("level", broken.value))}
          </p>
        )}
        <TrendChart
          lines={[{ points, look: "first" }]}
          limits={limits}
          scale={scale}
          axes={false}
          height_rem={2.5}
          label={`${name} ${text.trend}`}
        />
        <p class="caption">
          {text.trend}
          {points.length > 0 &&
            `${store.text.value.colon}${text.range(format.number(low, 2), format.quantity("level", high))}`}
        </p>
      </div>
      <StaleNote doubt={doubt} at={reading?.at ?? null} />
    </div>
  );
}
