import { afterEach, describe, expect, it } from "vitest";
import { Story, start, valueRules, type StoryOptions } from "./fixture.ts";

const s = 1_000;

let story: Story;
afterEach(() => story.end());
const begin = (options: StoryOptions = { rules: valueRules }): Story => (story = new Story(options));

describe("an alert whose rule is taken out of the configuration", () => {
  it("clears, so that it can be closed", async () => {
    begin();
    await story.contact("fire", true);
    await story.pass(1 * s);
    await story.level(1);
    await story.kill();
    story.rules = ["fire"];
    await story.revive();
    expect(story.alerts()).toEqual(["fire firing", "fire-tank-low cleared"]);
  });
});

describe("a service that is stopped and started again", () => {
  it("goes on where it was", async () => {
    begin();
    await story.contact("fault", true);
    await story.service.stop();
    expect(() => story.service.list()).toThrow("not running");
    story.service.start();
    await story.pass(30 * s);
    expect(story.alerts()).toEqual(["fire-panel-fault firing"]);
  });
});

describe("a listener that fails", () => {
  it("holds up neither the alerts nor the other listeners", async () => {
    begin();
    story.service.onChange(() => {
      throw new Error("the listener's own fault");
    });
    const heard: string[] = [];
    const unsubscribe = story.service.onChange(({ state }) => heard.push(state));
    await story.contact("fire", true);
    unsubscribe();
    await story.contact("fire", false);
    expect(story.alerts()).toEqual(["fire cleared"]);
    expect(heard).toEqual(["firing"]);
  });
});

describe("the list", () => {
  it("filters by state, severity and time, newest first", async () => {
    begin();
    await story.contact("fault", true);
    await story.pass(40 * s);
    await story.contact("fire", true);
    const list = (query: object): string[] => story.service.list(query).map(({ rule }) => rule);
    expect(list({})).toEqual(["fire", "fire-panel-fault"]);
    expect(list({ severities: ["warning"] })).toEqual(["fire-panel-fault"]);
    expect(list({ from: start + 31 * s })).toEqual(["fire"]);
    expect(list({ to: start + 30 * s })).toEqual(["fire-panel-fault"]);
    expect(list({ limit: 1 })).toEqual(["fire"]);
    expect(list({ states: ["acknowledged", "closed"] })).toEqual([]);
  });

  it("is bounded: the oldest closed ones go, what still holds stays", async () => {
    begin({ rules: valueRules, alerts_max: 3 });
    await story.level(1);
    for (let count = 0; count < 5; count++) {
      await story.pass(1 * s);
      await story.contact("fire", true);
      await story.contact("fire", false);
    }
    expect(story.alerts()).toEqual(["fire-tank-low firing", "fire cleared", "fire cleared"]);
    expect(story.service.stats().forgotten).toBe(3);
    expect(story.service.steps(0, 100)).toHaveLength(5);
  });
});
