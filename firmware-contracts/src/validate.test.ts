import { isDeepStrictEqual } from "node:util";
import { deviceKinds } from "@gengfu/shared/model/reading";
import { identifier } from "@gengfu/shared/model/identifier";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelPattern, counter, ranges } from "./contract/limits.ts";
import { messageSchemas } from "./contract/message.ts";
import { parsePublish } from "./parse.ts";
import { validate } from "./validate.ts";

/** Numbers at and beside every bound of the contract, and those that JSON makes trouble with. */
const numbers = [...Object.values(ranges), counter].flatMap(({ min, max }) => [
  ...[min, max].flatMap((bound) => [bound - 1, bound - 0.001, bound, bound + 0.001, bound + 1]),
  min + (max - min) / 2,
]);
const number = fc.constantFrom(...numbers, 0, -0, 1.5, Number.POSITIVE_INFINITY, 5e-324, 1e308, 2 ** 53, -(2 ** 53));

const text = fc.oneof(
  fc.constantFrom("", "a", "-", "a-", "a-b_C", "c".repeat(64), "c".repeat(65), "张伟", "\u{1f600}".repeat(64)),
  fc.constantFrom("04A1B2C3", "04a1b2c3d4e580", "04A1B2C", "04A1B2C3\n", "00".repeat(10), "00".repeat(11)),
  fc.constantFrom("\0", "a\u0085", "\ud83d", "\ude00\ud83d", "\u{feff}", "\uffff", "1.4.2"),
  fc.string({ unit: "binary", maxLength: 70 }),
);

const anything: fc.Arbitrary<unknown> = fc.oneof(
  number,
  text,
  fc.constantFrom(null, true, false, [], {}, [1.5], { metres: 1 }),
);

const sane = fc.double({ min: 0, max: 90, noNaN: true });
const whole = fc.nat();
const uid = fc.constantFrom("04A1B2C3", "04a1b2c3d4e580");
const likely = {
  seq: whole,
  boot: whole,
  at: fc.integer({ min: ranges.at.min, max: ranges.at.max }),
  age: whole,
  channel: fc.constantFrom("supply", "fire"),
  card: uid,
  tag: uid,
  guard: fc.constant("zhang-wei"),
  metres: sane,
  celsius: sane,
  kilopascals: sane,
  closed: fc.boolean(),
  total: whole,
  battery_volts: sane,
  rssi_dbm: fc.integer({ min: -90, max: 0 }),
  uptime_seconds: whole,
  firmware: fc.constant("1.4.2"),
};

/** Each field is often missing and mostly of the right type, so that valid and invalid payloads both come up. */
const fields = fc.record(
  Object.fromEntries(
    Object.entries<fc.Arbitrary<unknown>>(likely).map(([name, value]) => [
      name,
      fc.oneof(
        { weight: 14, arbitrary: fc.constant(undefined) },
        { weight: 5, arbitrary: value },
        { weight: 1, arbitrary: anything },
      ),
    ]),
  ),
);

/** Mostly what the kind is about. */
const own = {
  tap: ["card"],
  level: ["metres"],
  temperature: ["celsius"],
  pressure: ["kilopascals"],
  contact: ["closed"],
  count: ["total"],
  status: [],
} as const;

const payload = fc.constantFrom(...deviceKinds).chain((kind) =>
  fc
    .tuple(
      fields,
      fc.record(
        Object.fromEntries(
          own[kind].map((name) => [
            name,
            fc.oneof({ weight: 5, arbitrary: likely[name] }, { weight: 1, arbitrary: anything }),
          ]),
        ),
      ),
      fc.dictionary(fc.constantFrom("__proto__", "constructor", "toString", "colour", "1", ""), anything, {
        maxKeys: 2,
      }),
    )
    .map(([some, needed, strange]) => {
      const entries = [...Object.entries(some), ...Object.entries(needed), ...Object.entries(strange)];
      return { kind, fields: Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
    }),
);

describe("the validators by hand hold the same as the schemas", () => {
  test("for 100,000 payloads, both ways, with equal messages", () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(payload, ({ kind, fields }) => {
        const fast = validate[kind](fields);
        const slow = messageSchemas[kind].safeParse(fields);
        if (slow.success) accepted++;
        else refused++;
        return slow.success ? isDeepStrictEqual(fast, slow.data) : fast === undefined;
      }),
      { numRuns: 100_000 },
    );
    // else the property says little
    expect(accepted).toBeGreaterThan(10_000);
    expect(refused).toBeGreaterThan(10_000);
  });

  test("for bytes that were damaged on the way, whatever comes out of them", () => {
    const damage = fc.record({
      where: fc.nat(),
      what: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]":,\\0-.eE'))),
    });
    let readings = 0;
    fc.assert(
      fc.property(payload, fc.array(damage, { maxLength: 3 }), ({ kind, fields }, damages) => {
        const bytes = Buffer.from(JSON.stringify(fields));
        for (const { where, what } of damages) bytes[where % bytes.length] = what;
        const parsed = parsePublish("dev-1", `gengfu/v1/dev-1/${kind}`, bytes);
        if (parsed.verdict === "reading") readings++;
        return isDeepStrictEqual(
          parsed.verdict === "reading" ? parsed.message : parsed.verdict,
          oracle(kind, bytes, parsed),
        );
      }),
      { numRuns: 20_000 },
    );
    expect(readings).toBeGreaterThan(2_000);
  });

  /** What a plain reading of the contract makes of it; only on duplicate keys it believes what was parsed. */
  function oracle(kind: (typeof deviceKinds)[number], bytes: Buffer, parsed: ReturnType<typeof parsePublish>): unknown {
    if (parsed.verdict === "quarantine" && parsed.code === "duplicate_field") return "quarantine";
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      const result = messageSchemas[kind].safeParse(JSON.parse(text));
      return result.success ? result.data : "quarantine";
    } catch {
      // neither UTF-8 nor JSON
      return "quarantine";
    }
  }
});

test("a channel is an identifier of the site file", () => {
  fc.assert(
    fc.property(fc.oneof(text, fc.stringMatching(/^[a-zA-Z0-9_-]{1,66}$/)), (name) => {
      expect(channelPattern.test(name)).toBe(identifier.safeParse(name).success);
    }),
    { numRuns: 2_000 },
  );
});
