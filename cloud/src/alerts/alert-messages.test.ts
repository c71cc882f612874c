import { afterEach, describe, expect, it } from "vitest";
import { fakeChannel } from "../notifiers/fixture.ts";
import { Story, start, valueRules, type StoryOptions } from "./fixture.ts";

const s = 1_000;

let story: Story;
afterEach(() => story.end());
const begin = (options: StoryOptions = { rules: valueRules }): Story => (story = new Story(options));

describe("messages", () => {
  it("stand as would-be-sent where the channel isn't configured, with their text", async () => {
    begin({ rules: valueRules, sms: fakeChannel("aliyun-sms", { audience: "people", notifier: null }) });
    await story.contact("fire", true);
    expect(
      story.service.notifications().map(({ channel, target, state, text }) => [channel, target, state, text]),
    ).toEqual([
      ["aliyun-sms", "wang-qiang", "would_be_sent", "火警 2026-01-01 08:00:00"],
      ["wecom-bot", "wecom-bot", "sent", "火警 2026-01-01 08:00:00"],
    ]);
  });

  it("are tried again until they are taken", async () => {
    begin();
    const busy = { ok: false, retryable: true, code: "45009", detail: "freq" } as const;
    story.wecom.respondWith(busy, busy, { ok: true });
    await story.contact("fire", true);
    const ofWecom = () => story.service.notifications().find(({ channel }) => channel === "wecom-bot");
    expect(ofWecom()).toMatchObject({ state: "pending", attempts: 1, code: "45009", nextAttemptAt: start + 1 * s });
    await story.pass(1 * s);
    expect(ofWecom()).toMatchObject({ state: "pending", attempts: 2, nextAttemptAt: start + 3 * s });
    await story.pass(2 * s);
    expect(ofWecom()).toMatchObject({
      state: "sent",
      attempts: 3,
      sentAt: start + 3 * s,
      code: null,
      nextAttemptAt: null,
    });
    expect(story.wecom.messages).toHaveLength(3);
  });

  it("of one channel wait for no other", async () => {
    begin();
    story.sms.respondWith("hang");
    await story.contact("fire", true);
    await story.contact("fire", false);
    await story.pass(1 * s);
    await story.contact("fire", true);
    expect(story.wecom.messages).toHaveLength(2);
    expect(story.sms.messages).toHaveLength(1);
    await story.pass(9 * s);
    // the first has timed out, the second has its turn
    expect(story.sms.messages).toHaveLength(2);
  });

  it("may also tell that it cleared", async () => {
    begin({ rules: valueRules, settings: { on_clear: true } });
    await story.contact("fire", true);
    await story.pass(1 * s);
    await story.contact("fire", false);
    expect(story.wecom.messages.map(({ about, text }) => [about, text.en])).toEqual([
      ["firing", "Fire: Fire panel, Fire contact closed"],
      ["cleared", "Cleared: Fire: Fire panel, Fire contact closed"],
    ]);
  });

  it("go where the routes say", async () => {
    begin({ rules: valueRules, settings: { routes: { critical: ["aliyun-sms"] } } });
    await story.contact("fire", true);
    expect([story.wecom.messages.length, story.sms.messages.length]).toEqual([0, 1]);
  });
});
