import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@gengfu/shared/config/problem";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCloudConfig, type CloudSetup } from "../config.ts";
import { addressNumber } from "./frame.ts";

const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
const [cloudSample = "", siteSample = ""] = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text]) => text ?? "",
);
const cloudHead = 'data: data\nsites: [site.yaml]\ntokens: [{ name: wall, token: "long-enough" }]\n';
const siteHead = "id: court\nname: Court\n";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "gengfu-transmission-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function read(cloud: string, site: string): CloudSetup | undefined {
  writeFileSync(join(folder, "cloud.yaml"), cloud);
  writeFileSync(join(folder, "site.yaml"), site);
  const reader = new ConfigReader({});
  const setup = readCloudConfig(reader, join(folder, "cloud.yaml"));
  reader.finish();
  return setup;
}

/** The places of the mistakes. */
function mistakes(cloud: string, site: string): string[] {
  try {
    read(cloud, site);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

test("the samples in the README are right", () => {
  const setup = read(cloudHead + cloudSample, siteHead + siteSample);
  expect(setup?.config.gb26875).toMatchObject({
    port: 26_875,
    idle_timeout: 180_000,
    clock_deviation_max: 30_000,
    set_clock_on_connect: false,
  });
  const [gateway] = setup?.sites[0].gateways ?? [];
  expect(gateway?.gb26875).toMatchObject({ address: "79-03-00-00-00-00", device: "unit" });
  expect(addressNumber(gateway?.gb26875?.address ?? "")).toBe(889);
});

test("without the section nothing listens, and a site that has such devices is refused", () => {
  expect(
    read(
      cloudHead,
      "id: court\nname: Court\ngateways: [{ id: main, name: Main, secret: s }]\ndevices: [{ id: tank, name: Tank, secret: s, measures: [{ kind: level }] }]\n",
    )?.config.gb26875,
  ).toBeUndefined();
  expect(mistakes(cloudHead, siteHead + siteSample)).toEqual(["gateways[0].gb26875"]);
});

test.each([
  ["an address in hex, low byte first", "address: 889", "address: 79-03-00-00-00-00", []],
  ["an address of too few bytes", "address: 889", "address: 79-03", ["gateways[0].gb26875.address"]],
  ["a device of nobody's", "device: unit\n", "device: nothing\n", ["gateways[0].gb26875.device"]],
  ["a zone without a number", "zone: 1, number: 1", "zone: 1", ["gateways[0].gb26875.parts[1]"]],
  ["a password, too", "    gb26875:", "    secret: s\n    gb26875:", ["gateways[0]"]],
  ["a name too long for those of its components", "fire-unit\n", `${"fire-unit-".repeat(5)}1\n`, ["gateways[0].id"]],
])("%s", (_, from, to, expected) => {
  expect(mistakes(cloudHead + cloudSample, siteHead + siteSample.replaceAll(from, to))).toEqual(expected);
});

test("two gateways of one address are refused", () => {
  const second =
    "  - { id: second, name: Second, gb26875: { address: 889, device: other } }\n\ndevices:\n  - { id: other, gateway: second, name: Other, measures: [{ kind: level }] }\n";
  const site = siteHead + siteSample.replace("\ndevices:\n", second);
  expect(mistakes(cloudHead + cloudSample, site)).toEqual(["gateways[1].gb26875.address"]);
});
