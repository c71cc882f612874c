import { expect, it } from "vitest";
import { render } from "../api/metrics.ts";
import type { ChannelStats } from "./channel-worker.ts";
import { channelMetrics, channelsCheck } from "./operation.ts";

const bot: ChannelStats = {
  channel: "wecom-bot",
  breaker: "closed",
  trouble: null,
  attempts: 7,
  refused: 2,
  grouped: 40,
  passedOn: 1,
};
const away: ChannelStats = { ...bot, channel: "email", breaker: "open", trouble: "unreachable: ECONNREFUSED" };

it("health is off without channels, ok while all work, and names those that are left alone", () => {
  expect(channelsCheck([])).toEqual({ status: "off", detail: null });
  expect(channelsCheck([bot])).toEqual({ status: "ok", detail: null });
  expect(channelsCheck([bot, away])).toEqual({ status: "degraded", detail: "email: unreachable: ECONNREFUSED" });
});

it("metrics tell of each channel", () => {
  const text = render(channelMetrics([bot, away]));
  for (const line of [
    'channel_circuit_open{channel="wecom-bot"} 0',
    'channel_circuit_open{channel="email"} 1',
    'channel_attempts_total{channel="wecom-bot"} 7',
    'channel_refused_total{channel="wecom-bot"} 2',
    'channel_grouped_total{channel="wecom-bot"} 40',
    'channel_passed_on_total{channel="wecom-bot"} 1',
  ]) {
    expect(text).toContain(`gengfu_cloud_${line}\n`);
  }
});
