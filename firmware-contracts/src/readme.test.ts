import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deviceKinds } from "@gengfu/shared/model/reading";
import { describe, expect, test } from "vitest";
import { quarantineCodes } from "./contract/codes.ts";
import { scenarios } from "./simulator/scenario.ts";
import { payload_bytes_max, ranges } from "./contract/limits.ts";
import { errorAnswer } from "./contract/payloads.ts";
import { parsePublish } from "./parse.ts";

const readme = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");
const rows = readme
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

function verdict(device: string, topic: string, payload: string): string {
  return parsePublish(device, topic, Buffer.from(payload)).verdict;
}

describe("the README's examples", () => {
  const publishes = [...readme.matchAll(/mosquitto_pub .*-u (\S+) .*-t (\S+) -m '([^']*)'/g)].map(
    ([, device = "", topic = "", payload = ""]) => ({ device, topic, payload }),
  );
  const right = publishes.filter(({ payload }) => payload !== '{"metres":"high"}');

  test.each(right)("$topic $payload", ({ device, topic, payload }) => {
    expect(verdict(device, topic, payload)).toBe(topic.endsWith("/state") ? "state" : "reading");
  });

  test("there is one of every kind", () => {
    const kinds = right.map(({ topic }) => topic.split("/").at(-1));
    expect(new Set(kinds)).toEqual(new Set([...deviceKinds, "state"]));
  });

  test("the mistake is answered as it says", () => {
    const answer = errorAnswer.parse(JSON.parse(/```json\n([^`]*)```/.exec(readme)?.[1] ?? ""));
    const { code, ...detail } = answer;
    expect(parsePublish("d", "gengfu/v1/d/level", Buffer.from('{"metres":"high"}'))).toEqual({
      verdict: "quarantine",
      code,
      detail,
    });
    expect(publishes.length).toBe(right.length + 1);
  });

  test("those in the table of kinds", () => {
    let kind = "";
    let checked = 0;
    for (const row of rows) {
      const example = /^`(\{.*\})`$/.exec(row[6] ?? "")?.[1];
      if (example === undefined) continue;
      kind = row[1] === "" ? kind : (row[1] ?? "").replaceAll("`", "");
      expect({ example, verdict: verdict("d", `gengfu/v1/d/${kind}`, example) }).toEqual({
        example,
        verdict: "reading",
      });
      checked++;
    }
    expect(checked).toBe(12);
  });
});

describe("the README's tables", () => {
  test.each(Object.entries(ranges))("the range of %s", (field, { min, max }) => {
    const row = rows.find((cells) => cells.includes(`\`${field}\``));
    expect(row).toContain(`${min} to ${max}`);
  });

  test("every code", () => {
    const documented = rows.flatMap(([, code = ""]) => code.slice(1, -1));
    expect(documented).toEqual(expect.arrayContaining(Object.keys(quarantineCodes)));
  });

  test("every scenario", () => {
    const documented = rows.flatMap(([, name = ""]) => name.slice(1, -1));
    expect(documented).toEqual(expect.arrayContaining(Object.keys(scenarios)));
  });

  test("the size of a payload", () => {
    expect(readme).toContain(`at most ${payload_bytes_max} bytes`);
  });
});
