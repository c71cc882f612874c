import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRegister } from "./decode.ts";
import { modbusSchema, type ModbusRegister } from "./schema.ts";

/** A register as the configuration gives it. */
function register(part: Record<string, unknown>): ModbusRegister {
  const whole = { address: 0, device: "boiler", kind: "pressure", ...part };
  const connection = { name: "line", tcp: { host: "plc" }, units: [{ registers: [whole] }] };
  const [parsed] = modbusSchema.parse({ connections: [connection] }).connections[0]?.units[0]?.registers ?? [];
  if (parsed === undefined) throw new Error("no register");
  return parsed;
}

const value = (what: number): object => ({ kind: "value", value: what });
const fault = (what: string): object => ({ kind: "fault", fault: what });

/** The bytes of a number, highest first. */
function bytesOf(type: "int32" | "uint32" | "float32", of: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  if (type === "int32") view.setInt32(0, of);
  else if (type === "uint32") view.setUint32(0, of);
  else view.setFloat32(0, of);
  return [0, 1, 2, 3].map((at) => view.getUint8(at));
}

/** The two words that are sent for bytes in an order such as CDAB. */
function wordsIn(order: string, bytes: readonly number[]): number[] {
  const sent = order.split("").map((letter) => bytes["ABCD".indexOf(letter)] ?? 0);
  return [((sent[0] ?? 0) << 8) | (sent[1] ?? 0), ((sent[2] ?? 0) << 8) | (sent[3] ?? 0)];
}

const orders = ["ABCD", "CDAB", "BADC", "DCBA"] as const;

describe("a register", () => {
  it.each([
    [{ type: "int16" }, [0xff38], -200],
    [{ type: "uint16" }, [0xff38], 65_336],
    [{ type: "int16", order: "BADC" }, [0x38ff], -200],
    [{ type: "int32" }, [0xffff, 0xff38], -200],
    [{ type: "uint32" }, [0x0001, 0x0000], 65_536],
    [{ type: "uint32", order: "CDAB" }, [0x0000, 0x0001], 65_536],
    [{ type: "uint32", order: "DCBA" }, [0x0000, 0x0100], 65_536],
    // 23.456 as IEEE 754: 0x41BBA5E3
    [{ type: "float32" }, [0x41bb, 0xa5e3], 23.456],
    [{ type: "float32", order: "CDAB" }, [0xa5e3, 0x41bb], 23.456],
    [{ type: "float32", order: "BADC" }, [0xbb41, 0xe3a5], 23.456],
    [{ scale: 0.1, kind: "temperature" }, [3], 0.3],
    [{ scale: 0.1, offset: -40, kind: "temperature" }, [655], 25.5],
  ] as const)("%j of %j is %d", (part, words, expected) => {
    expect(decodeRegister(register(part), words)).toEqual(value(expected));
  });

  it("is a contact by one of its bits, or by a coil", () => {
    const bit3 = register({ type: "bool", bit: 3, kind: "contact" });
    expect(decodeRegister(bit3, [0b1000])).toEqual(value(1));
    expect(decodeRegister(bit3, [0b0111])).toEqual(value(0));
    expect(decodeRegister(register({ type: "bool", kind: "contact", inverted: true }), [1])).toEqual(value(0));
    expect(decodeRegister(register({ function: "coil", kind: "contact" }), [1])).toEqual(value(1));
    expect(decodeRegister(register({ function: "discrete", kind: "contact", inverted: true }), [0])).toEqual(value(1));
  });

  it("comes back in every order", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...orders),
        fc.oneof(
          fc.integer().map((of) => ["int32", of] as const),
          fc.nat(2 ** 32 - 1).map((of) => ["uint32", of] as const),
        ),
        (order, [type, of]) => {
          const words = wordsIn(order, bytesOf(type, of));
          expect(decodeRegister(register({ type, order }), words)).toEqual(value(of));
        },
      ),
    );
  });

  it.each([
    ["a float that is no number", { type: "float32" }, [0x7fc0, 0], "no_number"],
    ["an endless one", { type: "float32" }, [0x7f80, 0], "no_number"],
    ["too few words", { type: "int32" }, [1], "no_number"],
    ["a value that stands for no measurement", { invalid: [-32_768] }, [0x8000], "invalid"],
    ["less than it can be", { min: -10 }, [0xff00], "implausible"],
    ["more than it can be", { max: 100, scale: 0.1 }, [1_001], "implausible"],
    ["less than absolute zero", { kind: "temperature" }, [0xfe00], "implausible"],
    ["half a pulse", { kind: "count", scale: 0.5 }, [1], "implausible"],
    ["a level below the bottom", { kind: "level" }, [0xffff], "implausible"],
    ["a loop that is cut", { kind: "level", scale: 0.001, current_loop: metres(5) }, [0], "wire_broken"],
    ["a loop that is shorted", { kind: "level", scale: 0.001, current_loop: metres(5) }, [22_000], "wire_shorted"],
  ])("that holds %s is a fault", (_, part, words, expected) => {
    expect(decodeRegister(register(part), words)).toMatchObject(fault(expected));
  });

  it("of a loop of 4 to 20 mA is the level, and never below the bottom", () => {
    const loop = register({ kind: "level", scale: 0.001, current_loop: metres(5) });
    expect(decodeRegister(loop, [12_000])).toEqual(value(2.5));
    expect(decodeRegister(loop, [3_900])).toEqual(value(0));
    expect(decodeRegister(loop, [20_000])).toEqual(value(5));
  });
});

describe("whatever a device sends, as whatever it is taken", () => {
  const kinds = ["level", "temperature", "pressure", "contact", "count"] as const;
  const anyRegister = fc
    .record({
      function: fc.constantFrom("holding" as const, "input" as const, "coil" as const, "discrete" as const),
      type: fc.constantFrom(
        "int16" as const,
        "uint16" as const,
        "int32" as const,
        "uint32" as const,
        "float32" as const,
        "bool" as const,
      ),
      order: fc.constantFrom(...orders),
      bit: fc.nat(15),
      scale: fc.double({ noNaN: true, noDefaultInfinity: true }),
      offset: fc.double({ noNaN: true, noDefaultInfinity: true }),
      invalid: fc.array(fc.integer(), { maxLength: 3 }),
      inverted: fc.boolean(),
      kind: fc.constantFrom(...kinds),
      current_loop: fc.option(fc.constant(metres(5)), { nil: undefined }),
      min: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
      max: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
    })
    .map((part): ModbusRegister => ({ address: 0, device: "boiler", channel: undefined, ...part }));
  const words = fc.array(fc.oneof(fc.nat(65_535), fc.constantFrom(0, 0x7fc0, 0x7f80, 0xff80, 0x8000, 0xffff)), {
    maxLength: 3,
  });

  it("is a number that its kind can have, or a fault", () => {
    fc.assert(
      fc.property(anyRegister, words, (of, sent) => {
        const outcome = decodeRegister(of, sent);
        if (outcome.kind === "fault") return;
        const { value: decoded } = outcome;
        expect(Number.isFinite(decoded)).toBe(true);
        if (of.type === "bool") expect([0, 1]).toContain(decoded);
        else if (of.kind === "level") expect(decoded).toBeGreaterThanOrEqual(0);
        else if (of.kind === "count") expect(Number.isSafeInteger(decoded)).toBe(true);
      }),
      { numRuns: 100_000 },
    );
  }, 60_000);
});

function metres(at20mA: number): { milliamps: number; value: number }[] {
  return [
    { milliamps: 4, value: 0 },
    { milliamps: 20, value: at20mA },
  ];
}
