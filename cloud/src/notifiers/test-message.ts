import type { Site } from "@gengfu/shared/model/site";
import type { Clock } from "@gengfu/shared/time/clock";
import { siteTime } from "../alerts/alert-text.ts";
import { adviceOf } from "./advice.ts";
import { attempt } from "./attempt.ts";
import type { Channel, Message, Notifier, Target } from "./channel.ts";

export interface TestOptions {
  readonly channels: readonly Channel[];
  readonly sites: readonly [Site, ...Site[]];
  /** Name of the only channel to test; all that are configured without it. */
  readonly channel?: string | undefined;
  /** Id of the person to tell; the first on call without it. */
  readonly to?: string | undefined;
  readonly timeout_ms: number;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/** Sends a marked message through channels, once each, and says what was answered. Whether all took it. */
export async function sendTests(options: TestOptions): Promise<boolean> {
  const { channels, channel: only, say } = options;
  const chosen = channels.filter(({ name, notifier }) => (only === undefined ? notifier !== null : name === only));
  if (chosen.length === 0) {
    const names = channels.map(({ name }) => name).join(", ");
    say(
      only === undefined
        ? "没有配置任何通知渠道，请见 cloud.yaml 的 notifications。 / No channel is configured; see notifications in cloud.yaml."
        : `没有名为 ${only} 的渠道，可用：${names} / There is no channel ${only}; there are ${names}`,
    );
    return false;
  }
  let all = true;
  for (const channel of chosen) all = (await sendTest(channel, options)) && all;
  return all;
}

async function sendTest({ name, audience, notifier }: Channel, options: TestOptions): Promise<boolean> {
  const { say, sites, to } = options;
  if (notifier === null) {
    say(`✗ ${name}：未配置 / not configured`);
    return false;
  }
  const [site] = sites;
  const person = audience === "group" ? { site, target: { id: name, phone: null } } : personOf(sites, to);
  if (person === undefined) {
    say(
      to === undefined
        ? `✗ ${name}：站点文件的 on_call 中没有人，请用 --to 指定 / nobody is on_call in the site's file; name someone by --to`
        : `✗ ${name}：站点文件里没有人员 ${to} / the sites' files have no person ${to}`,
    );
    return false;
  }
  return report(name, notifier, testMessage(person.site, person.target, options.clock.now()), options);
}

async function report(name: string, notifier: Notifier, message: Message, options: TestOptions): Promise<boolean> {
  const { clock, timeout_ms, say } = options;
  const began = clock.monotonic();
  const delivery = await attempt(notifier, message, { clock, timeout_ms, signal: new AbortController().signal });
  const took_ms = Math.round(clock.monotonic() - began);
  const to = message.target.id;
  if (delivery.ok) {
    const id = delivery.id === undefined ? "" : `，编号 / id ${delivery.id}`;
    say(`✓ ${name} → ${to}：已被接收 / taken (${took_ms} ms)${id}`);
    return true;
  }
  const { code, detail, retryable } = delivery;
  const advice = adviceOf(name, code);
  say(`✗ ${name} → ${to}：${code} ${detail}`.trimEnd());
  say(
    retryable
      ? "  服务会自动重试这样的失败。 / The service tries again after such a failure."
      : "  服务不会重试这样的失败。 / The service does not try again after such a failure.",
  );
  say(`  ${advice.zh}`);
  say(`  ${advice.en}`);
  return false;
}

function personOf(sites: readonly Site[], id: string | undefined): { site: Site; target: Target } | undefined {
  for (const site of sites) {
    const wanted = id ?? site.on_call[0];
    const person = site.people.find((one) => one.id === wanted);
    if (person !== undefined) return { site, target: { id: person.id, phone: person.phone ?? null } };
  }
  return undefined;
}

/** Marked as a test in every text that a channel makes of it. */
function testMessage(site: Site, target: Target, now: number): Message {
  return {
    alert: `test-${now}`,
    severity: "info",
    about: "firing",
    site: site.name,
    name: { zh: "通知测试", en: "Test" },
    where: { zh: "更夫平台", en: "Gengfu" },
    text: { zh: "这是一条测试消息，无需处理。", en: "This is a test message; nothing has to be done." },
    advice: null,
    at: now,
    time: siteTime(site, now),
    target,
  };
}
