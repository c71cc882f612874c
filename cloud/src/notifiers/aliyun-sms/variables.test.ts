import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fireMessage } from "../fixture.ts";
import { smsFields, templateParams, variable_chars_max } from "./variables.ts";

const same = (name: string): { zh: string; en: string } => ({ zh: name, en: name });

describe("the template's variables", () => {
  it("hold no brackets, no phone numbers and no line breaks", () => {
    const message = fireMessage({ where: same("泵房（东）[2]\n电话 138-0000-0000【急】"), site: same("一号楼") });
    expect(templateParams({ where: "where", site: "site" }, message)).toEqual({
      where: "泵房 东 2 电话 … 急",
      site: "一号楼",
    });
  });

  it("name the alert in English too where there is room", () => {
    const long = { zh: "消防水箱水位低", en: "Fire water tank low, refill it at once please" };
    expect(templateParams({ alert: "name" }, fireMessage({ name: long }))).toEqual({ alert: "消防水箱水位低" });
    expect(templateParams({ alert: "name" }, fireMessage({ about: "cleared" }))).toEqual({
      alert: "火警已恢复/Fire cleared",
    });
  });

  it("are never empty", () => {
    expect(templateParams({ where: "where" }, fireMessage({ where: same("（）") }))).toEqual({ where: "-" });
  });

  it("keep to their length and their characters, whatever the names", () => {
    const variables = Object.fromEntries(smsFields.map((field) => [field, field]));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (name) => {
        const values = templateParams(
          variables,
          fireMessage({ where: same(name), text: same(name), site: same(name) }),
        );
        for (const value of Object.values(values)) {
          expect(Array.from(value).length).toBeLessThanOrEqual(variable_chars_max);
          expect(value).toMatch(/^[^[\]{}()（）【】<>\n]+$/);
          expect(value).not.toMatch(/\d{7}/);
        }
      }),
    );
  });
});
