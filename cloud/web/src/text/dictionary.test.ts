import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dictionaries } from "./dictionary.ts";

type Leaf = string | ((...parameters: string[]) => string);

function leavesOf(texts: object, path = ""): [path: string, leaf: Leaf][] {
  return Object.entries(texts).flatMap(([key, value]: [string, Leaf | object]) =>
    typeof value === "object" ? leavesOf(value, `${path}${key}.`) : [[`${path}${key}`, value] satisfies [string, Leaf]],
  );
}

const said = (leaf: Leaf): string => (typeof leaf === "string" ? leaf : leaf("critical", "7", "8"));
const chinese = leavesOf(dictionaries.zh);
const english = leavesOf(dictionaries.en);

describe("the texts of the screen", () => {
  it("say everything in both languages", () => {
    expect(english.map(([path]) => path)).toEqual(chinese.map(([path]) => path));
    for (const [path, leaf] of [...chinese, ...english]) expect(said(leaf).trim(), path).not.toBe("undefined");
  });

  it("use in each language what the other uses of what they are given", () => {
    const uses = (leaf: Leaf): number =>
      typeof leaf === "string" ? 0 : ["@1", "@2", "@3"].filter((mark) => leaf("@1", "@2", "@3").includes(mark)).length;
    // its severity picks the words
    const checked = chinese.filter(([path]) => path !== "siteState.headline");
    for (const [path, leaf] of checked) {
      const other = english.find(([same]) => same === path)?.[1] ?? "";
      expect(uses(other), path).toBe(uses(leaf));
    }
  });

  it("have no Chinese in the English ones", () => {
    for (const [path, leaf] of english) expect(said(leaf), path).not.toMatch(/[\p{Script=Han}，。：、；（）]/u);
  });

  it("have none that no part of the page uses", () => {
    const root = join(import.meta.dirname, "..");
    const source = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter(
        (file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts") && !/^text.(zh|en)(-findings)?\.ts$/.test(file),
      )
      .map((file) => readFileSync(join(root, file), "utf8"))
      .join("\n");
    // the last name of a path; records that are looked up by a value are used as a whole
    const lookedUp =
      /^(failures|nightWatch|severity|presence|kinds|channels|notifications\.(state|channel)|gateways\.clocks|rounds\.state|unclaimed\.reason|findings\.(state|grade|source|overdue|step|deed|filters)|alerts\.(state|causes))\./;
    const unused = chinese
      .map(([path]) => path)
      .filter((path) => !lookedUp.test(path))
      .filter((path) => !new RegExp(`\\b${path.split(".").at(-1) ?? ""}\\b`).test(source));
    expect(unused).toEqual([]);
  });
});
