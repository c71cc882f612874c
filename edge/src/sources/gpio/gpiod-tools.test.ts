import { expect, it } from "vitest";
import { parseChips, toolsOf } from "./gpiod-tools.ts";

const version1 = toolsOf("gpiodetect (libgpiod) v1.6.3\nCopyright (C) 2017-2018 Bartosz Golaszewski\n");
const version2 = toolsOf("gpiodetect (libgpiod) v2.2.1\nCopyright (C) 2017-2023 Bartosz Golaszewski\n");

it("tells the versions apart by what they say of themselves", () => {
  expect(version1.set("gpiochip0", 17, 1)).toEqual(["gpioset", "--mode=signal", "gpiochip0", "17=1"]);
  expect(version2.set("gpiochip0", 17, 1)).toEqual(["gpioset", "--chip", "gpiochip0", "17=1"]);
});

it("reads an edge and its time in either form", () => {
  expect(version1.parseEdge("1 10459 5000000")).toEqual({ level: 1, edge_ms: 10_459_005 });
  expect(version1.parseEdge("0 10459 935571000")).toEqual({ level: 0, edge_ms: 10_459_935.571 });
  expect(version2.parseEdge("rising    10459.005000000")).toEqual({ level: 1, edge_ms: 10_459_005 });
  expect(version2.parseEdge("falling 10459.935571000")?.level).toBe(0);
});

it.each(["", "event: RISING EDGE offset: 1", "2 1 1", "rising", "1 1"])("takes %j for no edge", (line) => {
  expect([version1.parseEdge(line), version2.parseEdge(line)]).toEqual([undefined, undefined]);
});

it("reads the list of chips", () => {
  const listed = "gpiochip0 [pinctrl-bcm2835] (54 lines)\ngpiochip12 [an expander] (1 line)\nnonsense\n";
  expect(parseChips(listed)).toEqual([
    { name: "gpiochip0", label: "pinctrl-bcm2835", lines: 54 },
    { name: "gpiochip12", label: "an expander", lines: 1 },
  ]);
});
