import { describe, expect, it } from "vitest";
import { languageOf, readPreferences } from "./preferences.ts";

describe("preferences", () => {
  it.each([
    [["en-GB", "zh-CN"], "en"],
    [["zh-TW"], "zh"],
    [["de-DE", "en"], "en"],
    [["fr"], "zh"],
    [[], "zh"],
  ] as const)("take %j for %s", (wanted, language) => {
    expect(languageOf(wanted)).toBe(language);
  });

  it("survive what else may stand in the browser's store", () => {
    for (const stored of [null, "", "null", "7", "{", '{"language":"fr","sound":"yes","operator":7}']) {
      expect(readPreferences(stored, ["zh"])).toEqual({ language: "zh", sound: false, operator: "" });
    }
    expect(readPreferences('{"language":"en","sound":true,"operator":"张伟"}', ["zh"])).toEqual({
      language: "en",
      sound: true,
      operator: "张伟",
    });
  });
});
