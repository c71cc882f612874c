import { afterEach, describe, expect, it } from "vitest";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { Story, start } from "./fixture.ts";

const s = 1_000;
const m = 60 * s;
const h = 60 * m;

let story: Story;
afterEach(() => story.end());

/** A level of before, as a backlog brings it. */
const past = (at: number, metres: number): StoredReading =>
  story.reading({
    device: "tank-fire",
    kind: "level",
    channel: null,
    value: metres,
    at: start + at,
    receivedAt: start + at,
  });
const messages = (): number[] => [story.wecom.messages.length, story.sms.messages.length];

describe("what comes to light late", () => {
  it("stands in the list, and nobody is told of what is over", async () => {
    story = new Story({ rules: ["fire-tank-low"] });
    await story.append(past(-2 * h, 1.2), past(-1 * h, 2));
    await story.pass(5 * m);
    expect(story.only()).toMatchObject({ state: "cleared", retrospective: true, raisedAt: start - 2 * h });
    expect(messages()).toEqual([0, 0]);
    const { steps = [] } = story.service.get(story.only().id) ?? {};
    expect(steps.map(({ what, note }) => [what, note])).toEqual([
      ["raised", "came to light in retrospect; nobody was told"],
      ["cleared", null],
    ]);
  });

  it("is told once it turns out to hold still", async () => {
    story = new Story({ rules: ["fire-tank-low"] });
    await story.append(past(-2 * h, 1.2));
    expect(messages()).toEqual([0, 0]);
    await story.pass(61 * s);
    expect(story.only()).toMatchObject({ state: "firing" });
    expect(story.only().retrospective).toBeUndefined();
    expect(messages()).toEqual([1, 1]);
    await story.pass(5 * m);
    expect(messages()).toEqual([1, 1]);
  });

  it("is told at once of a fire", async () => {
    story = new Story({ rules: ["fire"] });
    const at = start - 5 * h;
    await story.append(
      story.reading({ at, receivedAt: at }),
      story.reading({ value: 0, at: at + 1, receivedAt: at + 1 }),
    );
    expect(story.only()).toMatchObject({ state: "cleared" });
    expect(messages()).toEqual([1, 1]);
  });

  it("is the same after a restart", async () => {
    story = new Story({ rules: ["fire-tank-low"] });
    await story.append(past(-2 * h, 1.2));
    await story.kill();
    await story.revive();
    await story.pass(2 * m);
    expect(messages()).toEqual([1, 1]);
  });
});

describe("an alert that lasts", () => {
  it("is graver after its time, and those who are called for that are told", async () => {
    const rises = [{ after: 10 * m, to: "critical" as const }];
    story = new Story({ rules: ["fire-panel-fault"], change: (rule) => ({ ...rule, rises }) });
    await story.contact("fault", true);
    await story.pass(30 * s);
    expect(messages()).toEqual([1, 0]);
    story.service.acknowledge(story.only().id, { by: "王强" });
    await story.pass(10 * m);
    expect(story.only()).toMatchObject({ severity: "critical", state: "acknowledged", acknowledgedBy: "王强" });
    expect(story.sms.messages).toHaveLength(1);
    expect(story.service.list({ severities: ["critical"] })).toHaveLength(1);
    expect(story.service.get(story.only().id)?.steps.at(-1)).toMatchObject({
      what: "raised",
      note: "warning -> critical",
    });
  });

  it("is one while it flaps, and clears when it has been quiet for as long as it is kept", async () => {
    story = new Story({ rules: ["fire"], change: (rule) => ({ ...rule, keep: 1 * m }) });
    for (const closed of [true, false, true, false]) {
      await story.contact("fire", closed);
      await story.pass(10 * s);
    }
    expect(story.alerts()).toEqual(["fire firing"]);
    await story.pass(1 * m);
    expect(story.only()).toMatchObject({ state: "cleared", clearedAt: start + 90 * s });
    expect(messages()).toEqual([1, 1]);
  });
});
