import { deviceKinds } from "@gengfu/shared/model/reading";
import { expect, test } from "vitest";
import { deviceTopic, leafOf, parseDeviceTopic } from "./topics.ts";

test("what is built is parsed again", () => {
  for (const leaf of [...deviceKinds, "state", "error"] as const) {
    expect(parseDeviceTopic(deviceTopic("boiler-1", leaf))).toEqual({ device: "boiler-1", leaf });
    expect(leafOf("boiler-1", deviceTopic("boiler-1", leaf))).toBe(leaf);
  }
});

test("a longer leaf is kept whole, for the one who refuses it", () => {
  expect(parseDeviceTopic("gengfu/v1/boiler-1/level/east")).toEqual({ device: "boiler-1", leaf: "level/east" });
  expect(leafOf("boiler-1", "gengfu/v1/boiler-1/level/east")).toBe("level/east");
});

test.each([
  "",
  "gengfu/v1/",
  "gengfu/v1/boiler-1",
  "gengfu/v1/boiler-1/",
  "gengfu/v1//tap",
  "gengfu/v2/boiler-1/tap",
  "x/gengfu/v1/b/tap",
])("%j is no topic of a device", (topic) => {
  expect(parseDeviceTopic(topic)).toBeUndefined();
  expect(leafOf("boiler-1", topic)).toBeUndefined();
});

test.each(["gengfu/v1/boiler-10/tap", "gengfu/v1/boiler/tap", "gengfu/v1/boiler-/1/tap"])(
  "%s is another's",
  (topic) => {
    expect(leafOf("boiler-1", topic)).toBeUndefined();
  },
);
