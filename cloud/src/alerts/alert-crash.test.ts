import { afterEach, describe, expect, it } from "vitest";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import type { AlertService } from "./alert-service.ts";
import { Story } from "./fixture.ts";

const s = 1_000;
const rules = ["fire", "fire-panel-fault", "fire-tank-low"];

type Happening =
  | { readonly readings: (story: Story) => readonly StoredReading[] }
  | { readonly passes_ms: number }
  | { readonly person: (service: AlertService) => unknown };

/** A night at the court; before and after each of these the service may be killed. */
const night: readonly Happening[] = [
  { readings: (story) => [story.reading({ value: 0 })] },
  { readings: (story) => [story.reading({ channel: "fault" })] },
  { passes_ms: 10 * s },
  { readings: (story) => [story.reading({})] },
  { passes_ms: 5 * s },
  { person: (service) => service.acknowledge(oldest(service, "fire"), { by: "王强" }) },
  { readings: (story) => [story.reading({ device: "tank-fire", kind: "level", channel: null, value: 1.2 })] },
  { passes_ms: 20 * s },
  { readings: (story) => [story.reading({ value: 0 }), story.reading({ channel: "fault", value: 0 })] },
  { passes_ms: 1 * s },
  { person: (service) => service.close(oldest(service, "fire"), { by: "王强", cause: "演练" }) },
  { readings: (story) => [story.reading({})] },
  { passes_ms: 1 * s },
  { readings: (story) => [story.reading({ value: 0 })] },
  { passes_ms: 1 * s },
];

function oldest(service: AlertService, rule: string): string {
  return service.list().findLast((alert) => alert.rule === rule)?.id ?? "";
}

interface Outcome {
  readonly alerts: readonly unknown[];
  readonly steps: readonly unknown[];
  readonly messages: readonly string[];
}

function outcomeOf(story: Story): Outcome {
  return {
    alerts: story.service.list(),
    steps: story.service
      .steps(0, 1_000)
      .map(({ alert, at, what, who, note, state }) => ({ alert, at, what, who, note, state })),
    messages: [...story.wecom.messages, ...story.sms.messages]
      .map(({ alert, target }) => `${target.id} ${alert}`)
      .sort(compare),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : 1);

describe("a service that is killed", () => {
  const stories: Story[] = [];
  afterEach(async () => {
    for (const story of stories.splice(0)) await story.end();
  });

  async function live(kill?: { readonly at: number; readonly when: "before" | "after" }): Promise<Outcome> {
    const story = new Story({ rules });
    stories.push(story);
    for (const [index, happening] of night.entries()) {
      const dies = kill?.at === index;
      if ("readings" in happening) {
        // killed before: the readings are in the log, and the service never got to them
        if (dies && kill.when === "before") await story.kill();
        await story.deliver(...happening.readings(story));
        if (dies && kill.when === "before") await story.revive();
      } else if ("person" in happening) happening.person(story.service);
      else await story.pass(happening.passes_ms);
      await story.caughtUp();
      if (dies && kill.when === "after") {
        await story.kill();
        await story.revive();
      }
    }
    return outcomeOf(story);
  }

  it("has, after the night, four alerts and told of each once", async () => {
    const { alerts, messages } = await live();
    expect(alerts).toHaveLength(4);
    // three critical ones to the group and to the one on call, the warning to the group
    expect(messages).toHaveLength(7);
    expect(new Set(messages).size).toBe(7);
  });

  it.each(["before", "after"] as const)(
    "%s any step loses no alert, raises none twice and tells each once",
    async (when) => {
      const undisturbed = await live();
      for (const at of night.keys()) expect(await live({ at, when }), `killed ${when} step ${at}`).toEqual(undisturbed);
    },
  );

  it("amid a message sends that message again, and only that", async () => {
    const story = new Story({ rules });
    stories.push(story);
    story.sms.respondWith("hang");
    await story.deliver(story.reading({}));
    await story.caughtUp();
    await story.kill();
    story.sms.respondWith({ ok: true });
    await story.revive();
    expect(story.alerts()).toEqual(["fire firing"]);
    expect([story.wecom.messages.length, story.sms.messages.length]).toEqual([1, 2]);
  });

  it("goes on in the log from its own cursor", async () => {
    const story = new Story({ rules });
    stories.push(story);
    await story.contact("fire", true);
    await story.pass(1 * s);
    await story.level(1);
    await story.kill();
    const read = story.log.read.bind(story.log);
    const reads: unknown[] = [];
    story.log.read = (lane, after, limit) => (reads.push([lane, after]), read(lane, after, limit));
    await story.revive();
    await story.contact("fire", false);
    expect(reads.slice(0, 2)).toEqual([
      ["events", 1],
      ["samples", 2],
    ]);
    expect(story.alerts()).toEqual(["fire cleared", "fire-tank-low firing"]);
  });

  it("takes a log that begins anew from its beginning", async () => {
    const story = new Story({ rules });
    stories.push(story);
    await story.contact("fire", true);
    await story.contact("fire", true);
    await story.kill();
    story.log = memoryLog(2);
    await story.revive();
    await story.pass(1 * s);
    await story.contact("fire", false);
    expect(story.alerts()).toEqual(["fire cleared"]);
  });
});
