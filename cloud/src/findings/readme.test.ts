import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { parse } from "yaml";
import { findingEvents, findingStates, transitions } from "./finding.ts";
import { demoSite } from "../alerts/fixture.ts";
import { findingSettings } from "./settings.ts";

const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
const samples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => parse(yaml ?? "") as object);

it("has samples that are taken as they are, the settings' being the defaults", () => {
  const [site, cloud] = samples as [{ defects: object[] }, { findings: object }];
  const { calendar: _, ...rest } = demoSite;
  expect(siteSchema.shape.defects.parse(site.defects)).toHaveLength(2);
  expect(rest.people.map(({ id }) => id)).toContain("wang-qiang");
  expect(findingSettings.parse(cloud.findings)).toEqual(findingSettings.parse({}));
});

it("names in its table what can be done in each state", () => {
  for (const state of findingStates) {
    const row = readme.split("\n").find((line) => line.startsWith(`| \`${state}\``)) ?? "";
    const named = findingEvents.filter((event) => row.includes(`\`${event}\``));
    expect(named, state).toEqual(findingEvents.filter((event) => transitions[state][event] !== null));
  }
});
