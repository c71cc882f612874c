import type { Check } from "../api/health.ts";
import type { Metric, MetricSample } from "../api/metrics.ts";
import type { ChannelStats } from "./channel-worker.ts";

/** A channel that is left alone does not keep the cloud from its work: another may stand in, and messages wait. */
export function channelsCheck(channels: readonly ChannelStats[]): Check {
  if (channels.length === 0) return { status: "off", detail: null };
  const away = channels.filter(({ trouble }) => trouble !== null);
  if (away.length === 0) return { status: "ok", detail: null };
  return { status: "degraded", detail: away.map(({ channel, trouble }) => `${channel}: ${trouble}`).join("; ") };
}

export function channelMetrics(channels: readonly ChannelStats[]): Metric[] {
  const each = (value: (stats: ChannelStats) => number): MetricSample[] =>
    channels.map((stats) => ({ labels: { channel: stats.channel }, value: value(stats) }));
  const counter = (name: string, help: string, value: (stats: ChannelStats) => number): Metric => ({
    name,
    help,
    type: "counter",
    samples: each(value),
  });
  return [
    {
      name: "channel_circuit_open",
      help: "1 while a channel failed so often that it is only tried now and then.",
      type: "gauge",
      samples: each(({ breaker }) => Number(breaker !== "closed")),
    },
    counter("channel_attempts_total", "Messages handed to a channel since the start.", ({ attempts }) => attempts),
    counter("channel_refused_total", "Messages that a channel did not take.", ({ refused }) => refused),
    counter("channel_grouped_total", "Notifications that went out as part of another.", ({ grouped }) => grouped),
    counter("channel_passed_on_total", "Notifications handed on to another channel.", ({ passedOn }) => passedOn),
  ];
}
