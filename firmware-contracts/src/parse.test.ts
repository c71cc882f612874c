import { describe, expect, test } from "vitest";
import { payload_bytes_max } from "./contract/limits.ts";
import { parsePublish, type Quarantine } from "./parse.ts";

const topic = "gengfu/v1/dev-1/level";

function refused(payload: string | Uint8Array, leaf = "level"): Quarantine {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const parsed = parsePublish("dev-1", `gengfu/v1/dev-1/${leaf}`, bytes);
  if (parsed.verdict !== "quarantine") throw new Error(`not in quarantine: ${JSON.stringify(parsed)}`);
  return parsed;
}

/** An object of exactly so many bytes. */
function sized(bytes: number): Buffer {
  const frame = '{"metres":1.5,"x":""}';
  return Buffer.from(`{"metres":1.5,"x":"${"a".repeat(bytes - frame.length)}"}`);
}

describe("parsePublish", () => {
  test("takes any Uint8Array, also a view into a larger one", () => {
    const large = new Uint8Array(Buffer.from('xxx{"metres":1.5}yyy'));
    const parsed = parsePublish("dev-1", topic, large.subarray(3, -3));
    expect(parsed).toMatchObject({ verdict: "reading", message: { value: 1.5 } });
  });

  test("takes 64 KiB and not a byte more, on state too", () => {
    expect(parsePublish("dev-1", topic, sized(payload_bytes_max)).verdict).toBe("reading");
    expect(refused(sized(payload_bytes_max + 1)).code).toBe("payload_too_large");
    expect(refused(sized(payload_bytes_max + 1), "state").code).toBe("payload_too_large");
  });

  test("names every mistake, what was found and what is allowed", () => {
    const { detail } = refused('{"metres":"high","seq":-1,"at":5,"age":1}');
    expect(detail.message.split("; ")).toEqual([
      "seq: found -1, allowed: a whole number from 0 to 9007199254740991",
      "at: found 5, allowed: a number from 946684800000 to 4102444800000 (ms since 1970-01-01 UTC)",
      'metres: found "high", allowed: a number from -0.5 to 100 (m)',
      "age: found 1, allowed: either `at` or `age`, not both",
    ]);
    expect(detail.path).toBe("seq");
  });

  test("says what a missing field should be", () => {
    expect(refused("{}").detail.message).toBe("metres: found nothing, allowed: a number from -0.5 to 100 (m)");
  });

  test("a message stays short and whole, whatever the payload", () => {
    const { detail } = refused(JSON.stringify({ metres: "\u{1f600}".repeat(5_000) }));
    expect(detail.message.length).toBeLessThan(200);
    expect(detail.message.isWellFormed()).toBe(true);
    const duplicate = refused(`{"${"k".repeat(5_000)}":1,"${"k".repeat(5_000)}":2,"metres":1}`);
    expect(duplicate.detail.path.length).toBeLessThan(100);
    expect(refused("x\u0000\u0007".repeat(1_000)).detail.message).not.toMatch(/\p{Cc}/u);
    expect(refused("{}", "x".repeat(5_000)).detail.message.length).toBeLessThan(300);
  });

  test("says when a byte order mark is all that's wrong", () => {
    expect(refused('\u{feff}{"metres":1}').detail.message).toContain("byte order mark");
  });

  test("an answer on the error topic is not the device's to give", () => {
    expect(refused("{}", "error").detail.message).toContain("where the edge answers");
  });
});
