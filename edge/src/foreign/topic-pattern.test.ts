import { describe, expect, it } from "vitest";
import { isWithin, patternProblem, topicPattern } from "./topic-pattern.ts";

describe("a topic with named parts", () => {
  it.each([
    ["tele/{device}/SENSOR", "tele/hall/SENSOR", { device: "hall" }],
    ["tele/{device}/SENSOR", "tele/hall/STATE", undefined],
    ["tele/{device}/SENSOR", "tele/a/b/SENSOR", undefined],
    ["zigbee2mqtt/{device*}", "zigbee2mqtt/kitchen/floor", { device: "kitchen/floor" }],
    ["zigbee2mqtt/{device*}/availability", "zigbee2mqtt/a/b/availability", { device: "a/b" }],
    ["zigbee2mqtt/{device*}/availability", "zigbee2mqtt/availability", undefined],
    ["{device}/+/{name}/state", "node/sensor/x/state", { device: "node", name: "x" }],
    ["{device}/state", "/state", undefined],
    ["a", "a", {}],
  ])("%s in %s", (source, topic, named) => {
    expect(topicPattern(source).match(topic)).toEqual(named);
  });

  it("asks a broker for what it matches", () => {
    expect(topicPattern("tele/{device}/SENSOR").filter).toBe("tele/+/SENSOR");
    expect(topicPattern("zigbee2mqtt/{device*}/availability").filter).toBe("zigbee2mqtt/#");
    expect(topicPattern("plant/+/x").filter).toBe("plant/+/x");
  });

  it.each(["a/b{device}", "a/#", "{device*}/{rest*}", "{device}/{device}", "a/+b"])("is not %s", (source) => {
    expect(patternProblem(source)).toMatch(/^a topic/);
  });
});

describe("filters within filters", () => {
  it.each([
    ["zigbee2mqtt/door", "zigbee2mqtt/#", true],
    ["zigbee2mqtt", "zigbee2mqtt/#", true],
    ["zigbee2mqtt/+/set", "zigbee2mqtt/#", true],
    ["#", "zigbee2mqtt/#", false],
    ["zigbee2mqttx/door", "zigbee2mqtt/#", false],
    ["a/b", "a/+", true],
    ["a/+", "a/b", false],
    ["a/#", "a/+", false],
    ["a/b/c", "a/+", false],
    ["a", "a/+", false],
    ["$SYS/x", "#", false],
    ["anything/at/all", "#", true],
  ])("%s within %s: %s", (filter, outer, within) => {
    expect(isWithin(filter, outer)).toBe(within);
  });
});
