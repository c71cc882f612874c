import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { modemSchema } from "../modem/schema.ts";
import { alarmOutputs, alarmProblems } from "./check.ts";
import { siteWith } from "./fixture.ts";
import { alarmsSchema } from "./schema.ts";
import { urgentSite } from "./urgent-site.ts";

describe("the configuration of alarms", () => {
  it("is as the README shows it", () => {
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const sample = parse(/```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "") as Record<string, unknown>;
    const defaults = { cloud_patience: 10_000, cloud_silent_after: 600_000, repeat_every: 300_000, texts_per_day: 100 };
    expect(alarmsSchema.parse(sample["alarms"])).toMatchObject({ outputs: ["siren", "beacon"], ...defaults });
    expect(alarmsSchema.parse({})).toMatchObject({ outputs: [], repeat_times: 3, ...defaults });
    expect(modemSchema.parse(sample["modem"])).toMatchObject({ baud: 115_200 });
  });

  const problems = (config: Record<string, unknown>, site = siteWith()): string[] => {
    const { modem, ...alarms } = config;
    const checked = { alarms: alarmsSchema.parse(alarms), modem: modem as object | undefined };
    return alarmProblems(checked, site, "gate").map(({ path }) => path.join("."));
  };

  it("names rules that the gateway can judge alone, and a button that is there", () => {
    const button = { device: "panel", channel: "silence" };
    expect(problems({ rules: [{ rule: "fire", outputs: [] }], silence_button: button, modem: {} })).toEqual([]);
    const others = ["far-fire", "gone", "high", "nothing"].map((rule) => ({ rule, outputs: [] }));
    expect(problems({ rules: others })).toEqual([0, 1, 2, 3].map((index) => `alarms.rules.${index}.rule`));
    expect(problems({ silence_button: { device: "far", channel: "fire" } })).toEqual(["alarms.silence_button"]);
  });

  it("has a modem only with alarms that use it, and someone to text", () => {
    expect(problems({ modem: {} }, siteWith({ on_call: [] }))).toEqual(["modem"]);
    expect(alarmProblems({ modem: {} }, siteWith(), "gate").map(({ path }) => path)).toEqual([["modem"]]);
    expect(alarmProblems({}, siteWith(), "gate")).toEqual([]);
  });

  it("names outputs each with its place", () => {
    const alarms = alarmsSchema.parse({ outputs: ["siren"], rules: [{ rule: "fire", outputs: ["a", "b"] }] });
    expect(alarmOutputs(alarms).map(({ path, output }) => [path.join("."), output])).toEqual([
      ["alarms.outputs.0", "siren"],
      ["alarms.rules.0.outputs.0", "a"],
      ["alarms.rules.0.outputs.1", "b"],
    ]);
  });
});

describe("what a gateway judges alone", () => {
  it("is what critical rules say of its own devices, silence excepted", () => {
    const { devices, rules } = urgentSite(siteWith(), "gate");
    expect(devices.map(({ id }) => id)).toEqual(["panel", "tank"]);
    expect(rules.map(({ id }) => id)).toEqual(["fire", "low"]);
  });

  it("leaves out what looks at another gateway's device, however deep", () => {
    const contact = (device: string) => ({ type: "contact" as const, device, channel: "fire" });
    const both = { type: "all" as const, of: [contact("panel"), contact("far")] };
    const rule = { id: "both", name: "both", severity: "critical" as const, when: both };
    expect(urgentSite(siteWith({ rules: [rule] }), "gate").rules).toEqual([]);
  });
});
