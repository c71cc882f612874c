import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { SeriesPoint } from "../api/types.ts";
import { chartData } from "../state/chart-data.ts";
import type { Limit } from "../state/limits.ts";
import { trend } from "../state/world.ts";
import { useApp } from "./app.ts";
import { useTheme } from "./theme.ts";

export interface ChartLine {
  readonly points: readonly SeriesPoint[];
  /** Which of the lines' two looks it takes. */
  readonly look: "first" | "second";
}

interface TrendChartProps {
  readonly lines: readonly ChartLine[];
  readonly limits: readonly Limit[];
  readonly scale?: readonly [number, number];
  /** With axes and grid; without them it is a sparkline. */
  readonly axes: boolean;
  readonly height_rem: number;
  readonly label: string;
}

/** New points are drawn at most this often: a line of two-minute buckets doesn't change faster to the eye. */
const redraw_ms = 1_000;
/** The last six hours of one or two series with their limits. The colours are the page's own tokens. */
export function TrendChart({ lines, limits, scale, axes, height_rem, label }: TrendChartProps) {
  const { store } = useApp();
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef<uPlot.AlignedData>([[]]);
  const due = useRef<ReturnType<typeof setTimeout> | null>(null);
  const theme = useTheme();
  const format = store.format.value;
  const shape = `${limits.map(({ value, severity }) => `${severity}${value}`).join()} ${scale?.join() ?? ""}`;

  latest.current = chartData(lines.map(({ points }) => points));
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const made = new uPlot(
      options({
        width: element.clientWidth,
        height: height_rem * rem,
        rem,
        axes,
        looks: lines.map(({ look }) => look),
        limits,
        scale,
        colour: (name) => style.getPropertyValue(name),
        font: style.fontFamily,
        time: (seconds) => format.minute(seconds * 1_000),
        zone: format.zone,
        now: () => store.now.peek(),
      }),
      latest.current,
      element,
    );
    chart.current = made;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: height_rem * rem });
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      chart.current = null;
      if (due.current !== null) clearTimeout(due.current);
      due.current = null;
    };
    // the data come by the effect below
  }, [axes, height_rem, shape, theme, format, lines.length]);

  useEffect(() => {
    due.current ??= setTimeout(() => {
      due.current = null;
      chart.current?.setData(latest.current);
    }, redraw_ms);
  });

  return <div ref={host} class={`chart ${axes ? "chart-axes" : "chart-spark"}`} role="img" aria-label={label} />;
}

interface Look {
  readonly width: number;
  readonly height: number;
  readonly rem: number;
  readonly axes: boolean;
  readonly looks: readonly ChartLine["look"][];
  readonly limits: readonly Limit[];
  readonly scale: readonly [number, number] | undefined;
  readonly colour: (name: string) => string;
  readonly font: string;
  readonly time: (seconds: number) => string;
  readonly zone: string;
  /** The service's time, where the axis ends. */
  readonly now: () => number;
}

function options(look: Look): uPlot.Options {
  const { width, height, rem, axes, looks, limits, scale, colour, font, time, zone, now } = look;
  const line_px = Math.max(1.25, rem / 10);
  const axis: uPlot.Axis = {
    stroke: colour("--text-3"),
    font: `${0.75 * rem}px ${font}`,
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(1, width),
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: axes ? [rem * 0.4, rem * 1.2, 0, 0] : [3, 0, 3, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    scales: {
      x: { time: true, range: () => [(now() - trend.span_ms) / 1_000, now() / 1_000] },
      y: {
        range: (_chart, min, max) => rangeOf(min ?? 0, max ?? 1, limits, scale),
      },
    },
    axes: axes
      ? [
          {
            ...axis,
            size: rem * 1.5,
            gap: 2,
            space: rem * 4,
            values: (_chart, splits) => splits.map((at) => time(at)),
          },
          { ...axis, size: rem * 2.4, gap: 4, space: rem * 2 },
        ]
      : [{ show: false }, { show: false }],
    series: [
      {},
      ...looks.map((name): uPlot.Series => ({
        stroke: colour(name === "first" ? "--line-1" : "--line-2"),
        width: line_px,
        // a line of one or two points can't be seen
        points: { show: (_chart, _series, first, last) => last - first < 3, size: rem / 4, fill: colour("--line-1") },
        ...(name === "second" ? { dash: [rem * 0.3, rem * 0.2] } : {}),
      })),
    ],
    hooks: { draw: [(chart) => drawLimits(chart, limits, colour)] },
  };
}

/** Wide enough that the limits are seen, so that a line can be judged by its distance from them. */
function rangeOf(
  min: number,
  max: number,
  limits: readonly Limit[],
  scale: readonly [number, number] | undefined,
): [number, number] {
  if (scale !== undefined) return [scale[0], scale[1]];
  const values = [min, max, ...limits.map(({ value }) => value)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = Math.max((high - low) * 0.08, 0.5);
  return [low - margin, high + margin];
}

function drawLimits(chart: uPlot, limits: readonly Limit[], colour: (name: string) => string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  for (const { value } of limits) {
    const y = Math.round(chart.valToPos(value, "y", true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour("--limit");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
