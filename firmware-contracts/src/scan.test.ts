import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nesting_max } from "./contract/limits.ts";
import { duplicateKey, scan } from "./scan.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("scan", () => {
  test("counts the fields of any object", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true }),
        (fields) => {
          const text = JSON.stringify(fields);
          expect(scan(bytes(text)) >> 1).toBe(Object.keys(fields).length);
          expect(duplicateKey(text)).toBeUndefined();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("tells ASCII from the rest", () => {
    expect(scan(bytes('{"a":"b"}')) & 1).toBe(0);
    expect(scan(bytes('{"a":"值"}')) & 1).toBe(1);
    expect(scan(bytes('{"a":1}\u{feff}')) & 1).toBe(1);
  });

  test("stops at nesting that is too deep, in text it doesn't count", () => {
    const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(scan(bytes(nested(nesting_max)))).toBe(0);
    expect(scan(bytes(nested(nesting_max + 1)))).toBe(-1);
    expect(scan(bytes(`{"a":"${"[{".repeat(100)}"}`))).toBe(2);
  });

  test("text that never ends, and a backslash as the last byte", () => {
    expect(scan(bytes('{"a":"b'))).toBe(2);
    expect(scan(bytes('{"a":"b\\'))).toBe(2);
  });
});

describe("duplicateKey", () => {
  test.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":1,"b":2,"\\u0061":3}', "a"],
    ['{"a":{"b":1},"b":{"b":2,"b":3},"a":1}', "a"],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['{"a\\"":1,"a\\"":2}', 'a"'],
    ['{"":1,"":2}', ""],
    ['{"a":"a\\":1,","b":[{"a":1},"a"]}', undefined],
  ])("%s", (text, key) => {
    expect(duplicateKey(text)).toBe(key);
  });
});
