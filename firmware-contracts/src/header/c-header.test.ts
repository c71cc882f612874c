import { isUtf8 } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lacks } from "../../../test/support/tools.ts";
import { channelPattern, counter, ranges, textPattern } from "../contract/limits.ts";
import { jsonSchemas } from "../json-schema.ts";
import { kindSchema } from "../kind-schema.ts";
import { parsePublish } from "../parse.ts";
import { compile, includeFolder, sanitizers } from "../testing/c-compiler.ts";
import { CEncoder, type CFields, type CValue } from "../testing/c-encoder.ts";
import { fieldsOf, vectorsOf } from "../vectors.ts";
import { validate } from "../validate.ts";

const schemas = new Map(
  deviceKinds.map((kind) => [kind, kindSchema.parse(jsonSchemas().get(`${kind}.schema.json`)).properties]),
);
const room = 600;

/** A payload's fields as C code gives them: whole milliseconds, and the fields of the kind only. */
function asC(kind: DeviceKind, fields: Readonly<Record<string, unknown>>): CFields {
  const known = Object.entries(fields).flatMap(([name, value]): [string, CValue][] => {
    const schema = Object.hasOwn(schemas.get(kind) ?? {}, name) ? schemas.get(kind)?.[name] : undefined;
    if (schema === undefined) return [];
    if (typeof value === "boolean") return [[name, { type: "b", value }]];
    if (typeof value === "string") return [[name, { type: "s", bytes: Buffer.from(value) }]];
    if (typeof value !== "number") return [];
    const isWhole = schema.type === "integer" || name === "at" || name === "age";
    return [[name, isWhole ? { type: "w", value: Math.floor(value) } : { type: "r", value }]];
  });
  return Object.fromEntries(known);
}

describe.skipIf(lacks("gcc"))("the encoder in C", () => {
  let folder = "";
  let encoder: CEncoder;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-c-"));
    const program = join(folder, "harness");
    compile("gcc", [...sanitizers, join(import.meta.dirname, "..", "testing", "c-harness.c"), "-o", program]);
    encoder = new CEncoder(program);
  });

  afterAll(async () => {
    expect(await encoder.end()).toBe("");
    rmSync(folder, { recursive: true, force: true });
  });

  async function payloadOf(kind: DeviceKind, fields: CFields): Promise<string | number> {
    const { result, buffer } = await encoder.encode(kind, fields, room);
    if (result < 0) {
      expect(buffer[0]).toBe(0);
      return result;
    }
    expect(buffer[result]).toBe(0);
    return buffer.subarray(0, result).toString("utf8");
  }

  function messageOf(kind: DeviceKind, payload: string | number): unknown {
    const parsed = parsePublish("dev-1", `gengfu/v1/dev-1/${kind}`, Buffer.from(String(payload)));
    return parsed.verdict === "reading" ? parsed.message : { payload, parsed };
  }

  describe("makes of every valid vector a payload of the same message", () => {
    const readings = vectorsOf("valid").flatMap(({ title, vector }) => {
      const json = fieldsOf(vector);
      return json === undefined || vector.expect.verdict !== "reading"
        ? []
        : [{ title, ...json, message: vector.expect.message }];
    });

    test.each(readings)("$title", async ({ kind, fields, message }) => {
      expect(messageOf(kind, await payloadOf(kind, asC(kind, fields)))).toEqual(message);
    });
  });

  describe("refuses every invalid vector that C can say", () => {
    /** A field's wrong type, or nothing at all, is beyond what the struct can hold; what a cast made of it is another value. */
    const isSayable = (kind: DeviceKind, fields: Readonly<Record<string, unknown>>): boolean =>
      Object.entries(schemas.get(kind) ?? {}).every(([name, { type }]) => {
        const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (value === undefined) return true;
        if (type === "integer") return Number.isInteger(value) && Number(value) >= 0;
        if (type === "number") return typeof value === "number" && (!["at", "age"].includes(name) || value >= 0);
        return typeof value === type && (typeof value !== "string" || value.isWellFormed());
      });
    /** C ends a text at its first NUL, so that what is behind it is never seen. */
    const hasNul = (fields: object): boolean => JSON.stringify(fields).includes(String.raw`\u0000`);
    const wrong = vectorsOf("invalid").flatMap(({ title, vector }) => {
      const json = fieldsOf(vector);
      const isField = vector.expect.verdict === "quarantine" && vector.expect.code === "invalid_field";
      const sayable = json !== undefined && isField && isSayable(json.kind, json.fields) && !hasNul(json.fields);
      return sayable ? [{ title, ...json }] : [];
    });

    test.each(wrong)("$title", async ({ kind, fields }) => {
      expect(await payloadOf(kind, asC(kind, fields))).toBeLessThan(0);
    });

    test("and that is most of them", () => {
      expect(wrong.length).toBeGreaterThan(40);
    });
  });

  describe("for random readings", () => {
    const number = (min: number, max: number): fc.Arbitrary<CValue> =>
      fc.oneof(
        { weight: 4, arbitrary: fc.double({ min, max, noNaN: true }).map((value) => ({ type: "r" as const, value })) },
        { weight: 3, arbitrary: decimals(min, max).map((value) => ({ type: "r" as const, value })) },
        { weight: 3, arbitrary: fixed(min, max) },
        { weight: 1, arbitrary: fc.double().map((value) => ({ type: "r" as const, value })) },
        {
          weight: 1,
          arbitrary: fc.record({
            type: fc.constant("f" as const),
            units: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
            decimals: fc.nat(8),
          }),
        },
      );
    /** What a sensor's library gives: a few decimals. */
    const decimals = (min: number, max: number): fc.Arbitrary<number> =>
      fc
        .tuple(fc.double({ min, max, noNaN: true }), fc.nat(6))
        .map(([value, digits]) => Math.min(max, Math.max(min, Number(value.toFixed(digits)))));
    const fixed = (min: number, max: number): fc.Arbitrary<CValue> =>
      fc.tuple(fc.double({ min, max, noNaN: true }), fc.nat(6)).map(([value, digits]) => ({
        type: "f" as const,
        units: BigInt(Math.trunc(value * 10 ** digits)),
        decimals: digits,
      }));
    const whole = (max: number): fc.Arbitrary<CValue> =>
      fc
        .oneof({ weight: 9, arbitrary: fc.maxSafeNat().map((value) => value % (max + 1)) }, fc.maxSafeNat())
        .map((value) => ({ type: "w" as const, value }));
    const bytes = (text: fc.Arbitrary<string>): fc.Arbitrary<CValue> =>
      fc
        .oneof(
          { weight: 6, arbitrary: text.map((value) => new Uint8Array(Buffer.from(value))) },
          { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 70 }).map((value) => Buffer.from(value)) },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
        )
        .map((value) => ({ type: "s" as const, bytes: value.filter((byte) => byte !== 0) }));
    const uid = bytes(fc.stringMatching(/^[0-9A-Fa-f]{5,23}$/));
    const text = bytes(fc.string({ unit: "binary", minLength: 1, maxLength: 66 }));
    const maybe = (value: fc.Arbitrary<CValue>): fc.Arbitrary<CValue | undefined> =>
      fc.option(value, { nil: undefined, freq: 2 });

    const arbitraryOf: Readonly<Record<string, fc.Arbitrary<CValue>>> = {
      ...Object.fromEntries(Object.entries(ranges).map(([name, { min, max }]) => [name, number(min, max)])),
      at: whole(ranges.at.max),
      age: whole(ranges.age.max),
      seq: whole(counter.max),
      boot: whole(counter.max),
      total: whole(counter.max),
      closed: fc.boolean().map((value) => ({ type: "b" as const, value })),
      channel: bytes(fc.stringMatching(channelPattern)),
      card: uid,
      tag: uid,
      guard: text,
      firmware: text,
    };

    const reading = fc
      .constantFrom(...deviceKinds)
      .chain((kind) =>
        fc
          .record(
            Object.fromEntries(
              Object.keys(schemas.get(kind) ?? {}).map((name) => [
                name,
                maybe(arbitraryOf[name] ?? fc.constant(never())),
              ]),
            ),
          )
          .map((fields) => ({ kind, fields: Object.fromEntries(Object.entries(fields).flatMap(given)) })),
      );

    function never(): CValue {
      throw new Error("a field of the contract that this test has no values for");
    }

    function given([name, value]: [string, CValue | undefined]): [string, CValue][] {
      return value === undefined ? [] : [[name, value]];
    }

    /** What JSON would carry of a value, or undefined where it can't carry it. */
    function meant(value: CValue): unknown {
      switch (value.type) {
        case "r":
          return value.value;
        case "f":
          return Number(value.units) / 10 ** value.decimals;
        case "s":
          return isUtf8(value.bytes) ? Buffer.from(value.bytes).toString("utf8") : undefined;
        case "w":
        case "b":
          return value.value;
      }
    }

    test("it writes what the contract takes, and refuses the rest: 12,000 of them", async () => {
      const counts = { written: 0, refused: 0, rounded: 0 };
      await fc.assert(
        fc.asyncProperty(reading, async ({ kind, fields }) => {
          const exact = Object.entries(fields).map(([name, value]): [string, unknown] => [name, meant(value)]);
          const expected = Object.fromEntries(exact.map(([name, value]) => [name, rounded(value)]));
          const message = validate[kind](expected);
          const tooFine = Object.values(fields).some((value) => value.type === "f" && value.decimals > 6);
          const isText = exact.every(([, value]) => value !== undefined);
          const payload = await payloadOf(kind, fields);
          if (message === undefined || !isText || tooFine) {
            counts.refused++;
            expect(payload).toBeLessThan(0);
            return;
          }
          counts.written++;
          expect(near(messageOf(kind, payload))).toEqual(near(message));
          // what has at most six decimals comes back as exactly the same number
          for (const [name, value] of Object.entries(JSON.parse(String(payload)) as Record<string, unknown>)) {
            const sent = Object.hasOwn(expected, name) ? exact.find(([known]) => known === name)?.[1] : undefined;
            if (typeof value !== "number" || typeof sent !== "number") continue;
            if (Number(sent.toFixed(6)) === sent) expect(value).toBe(sent + 0);
            else counts.rounded++;
            expect(Math.abs(value - sent)).toBeLessThanOrEqual(0.500001e-6 + Math.abs(sent) * Number.EPSILON);
          }
        }),
        { numRuns: 12_000 },
      );
      expect(counts.written).toBeGreaterThan(2_000);
      expect(counts.refused).toBeGreaterThan(2_000);
      expect(counts.rounded).toBeGreaterThan(500);
    }, 120_000);

    /** To six decimals, where the number has more. */
    function rounded(value: unknown): unknown {
      if (typeof value !== "number" || !Number.isFinite(value) || Math.abs(value) > 9e9) return value;
      return Number(value.toFixed(6));
    }

    /** Half of a millionth may be rounded either way. */
    function near(message: unknown): unknown {
      return JSON.parse(JSON.stringify(message), (_, value: unknown) =>
        typeof value === "number" && !Number.isInteger(value) ? Math.floor(value * 1e4 + 0.25) : value,
      );
    }
  });

  test("never writes beyond a buffer of any size, and gives the length that is needed", async () => {
    const fields = asC("tap", { tag: "04A1B2C3", guard: '张"\\', boot: 17, seq: 3, age: 120 });
    const whole = String(await payloadOf("tap", fields));
    const length = Buffer.byteLength(whole);
    for (let size = 0; size <= length + 2; size++) {
      const { result, buffer } = await encoder.encode("tap", fields, size);
      expect(result).toBe(length);
      const fits = size > length;
      const kept = buffer.subarray(0, fits ? length + 1 : Math.min(1, size)).toString("utf8");
      expect(kept).toBe(fits ? `${whole}\0` : "\0".slice(0, size));
      expect(buffer.subarray(length + 1).every((byte) => byte === 0xa5)).toBe(true);
    }
  });

  test("takes UTF-8 and nothing that only looks like it", async () => {
    const edges = [0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5];
    const counts = { right: 0, wrong: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...edges), { minLength: 1, maxLength: 4 }), async (some) => {
        const bytes = Buffer.from(some);
        const isRight = isUtf8(bytes) && textPattern.test(bytes.toString("utf8"));
        counts[isRight ? "right" : "wrong"]++;
        const payload = await payloadOf("status", { firmware: { type: "s", bytes } });
        expect(payload).toBe(isRight ? `{"firmware":"${bytes.toString("utf8")}"}` : -6);
      }),
      // all beginnings of three bytes, nearly
      { numRuns: 8_000 },
    );
    expect(Math.min(counts.right, counts.wrong)).toBeGreaterThan(100);
  });

  test("finds its largest payload within GENGFU_PAYLOAD_SIZE", async () => {
    const most = { seq: counter.max, boot: counter.max, at: ranges.at.max - 1, channel: "c".repeat(64) };
    const text = "\u{1f46e}".repeat(64);
    const sizes = await Promise.all([
      payloadOf("tap", asC("tap", { ...most, tag: "00".repeat(10), guard: text })),
      payloadOf("status", {
        ...asC("status", { ...most, firmware: text }),
        battery_volts: { type: "f", units: 99_999_999n, decimals: 6 },
        rssi_dbm: { type: "f", units: -199_999_999n, decimals: 6 },
        uptime_seconds: { type: "f", units: 3_155_759_999_999_999n, decimals: 6 },
      }),
    ]);
    const bytes = sizes.map((payload) => Buffer.byteLength(String(payload)));
    expect(Math.max(...bytes)).toBeLessThan(562);
    expect(Math.max(...bytes)).toBeGreaterThan(490);
  });

  test("says what is wrong", async () => {
    const bytes = (text: string): CValue => ({ type: "s", bytes: Buffer.from(text) });
    const level = asC("level", { metres: 1.5 });
    expect(await payloadOf("level", {})).toBe(-2);
    expect(await payloadOf("level", { ...level, celsius: { type: "r", value: 20 } })).toBe(-3);
    expect(await payloadOf("level", { metres: { type: "r", value: Number.NaN } })).toBe(-4);
    expect(await payloadOf("level", { metres: { type: "r", value: Number.POSITIVE_INFINITY } })).toBe(-5);
    expect(await payloadOf("level", { ...level, seq: { type: "w", value: 2 ** 53 } })).toBe(-5);
    expect(await payloadOf("status", { firmware: bytes("") })).toBe(-6);
    expect(await payloadOf("tap", { card: bytes("04A1B2") })).toBe(-7);
    expect(await payloadOf("level", { ...level, channel: bytes("a b") })).toBe(-8);
    expect(await payloadOf("level", { ...level, at: { type: "w", value: 1.7e12 }, age: { type: "w", value: 1 } })).toBe(
      -9,
    );
    expect(await payloadOf("tap", {})).toBe(-10);
    expect(await payloadOf("tap", { card: bytes("04A1B2C3"), guard: bytes("z") })).toBe(-11);
    const { result } = await encoder.encode("humidity", {}, room);
    expect(result).toBe(-1);
  });

  test("builds topics of the contract, of devices that may exist", async () => {
    for (const leaf of [...deviceKinds, "state", "error", "feedback"]) {
      const topic = `gengfu/v1/tank-fire/${leaf}`;
      const { result, buffer } = await encoder.topic(Buffer.from("tank-fire"), leaf, 87);
      expect(buffer.subarray(0, result).toString()).toBe(topic);
      expect((await encoder.topic(Buffer.from("tank-fire"), leaf, topic.length)).buffer[0]).toBe(0);
    }
    const longest = await encoder.topic(Buffer.from("d".repeat(64)), "temperature", 87);
    expect(longest.result).toBe(86);
    for (const device of ["", "a/b", "d".repeat(65), "+", "-a", "a-", "a b", "温"]) {
      expect((await encoder.topic(Buffer.from(device), "level", 200)).result).toBe(-8);
    }
    expect((await encoder.topic(Buffer.from("a"), "humidity", 200)).result).toBe(-1);
  });

  test("writes the bytes of a UID, counts readings, and waits longer each time", async () => {
    expect(await encoder.ask("uid 04a1b2c3d4e580")).toBe("04A1B2C3D4E580");
    expect(await encoder.ask("uid 04a1b2")).toBe("-");
    expect(await encoder.ask(`uid ${"00".repeat(11)}`)).toBe("-");
    expect(await encoder.ask("session 17 3")).toBe("17 3");
    for (const [failures, base] of [1, 2, 4, 8, 16, 32, 60, 60, 60].entries()) {
      for (const random of [0, 1, 12_345, 2 ** 32 - 1]) {
        const wait = Number(await encoder.ask(`backoff ${failures} ${random}`));
        expect(wait).toBeGreaterThanOrEqual(base * 750);
        expect(wait).toBeLessThanOrEqual(base * 1_250);
      }
    }
  });

  test("finds a text in the gateway's answers, and in nothing that is nested, cut off or another field", async () => {
    const value = fc.oneof(fc.string(), fc.constantFrom("accepted", "result", "code", '"', "\\"), fc.jsonValue());
    const name = fc.constantFrom("result", "code", "a", "res");
    const text = fc.tuple(fc.dictionary(fc.oneof(name, fc.string()), value, { maxKeys: 6 }), fc.constantFrom(0, 1, 2));
    let found = 0;
    await fc.assert(
      fc.asyncProperty(text, name, fc.nat(20), async ([fields, indent], wanted, cut) => {
        const json = JSON.stringify(fields, null, indent);
        const { result, buffer } = await encoder.answer(json, wanted, 64);
        const meant: unknown = Object.hasOwn(fields, wanted) ? fields[wanted] : undefined;
        const isPlain =
          typeof meant === "string" && JSON.stringify(meant) === `"${meant}"` && Buffer.byteLength(meant) < 64;
        expect(result).toBe(isPlain ? Buffer.byteLength(meant) : -1);
        expect(buffer.subarray(0, Math.max(0, result)).toString()).toBe(isPlain ? meant : "");
        if (isPlain) found++;
        // whatever is left of it: it may find the text, and never reads or writes beyond
        await encoder.answer(json.slice(0, cut), wanted, cut);
      }),
      { numRuns: 2_000 },
    );
    expect(found).toBeGreaterThan(100);
    expect((await encoder.answer('{"result":"accepted"}', "result", 8)).result).toBe(-1);
    expect((await encoder.answer('{"result":"accepted"}', "result", 9)).result).toBe(8);
  });

  test("compiles as C++11, and with the floats of a small chip", () => {
    const file = join(folder, "small.cpp");
    writeFileSync(
      file,
      '#include "gengfu.h"\nint main() { gengfu_reading r = gengfu_level(1.52f); return gengfu_check(&r); }\n',
    );
    compile("g++", [file, "-o", join(folder, "small")]);
    compile("gcc", ["-fshort-enums", "-O2", "-x", "c", "-fsyntax-only", join(includeFolder, "gengfu.h")]);
  });
});
