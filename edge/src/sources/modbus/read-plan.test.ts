import fc from "fast-check";
import { expect, it } from "vitest";
import { planReads, wordsFor } from "./read-plan.ts";
import { wordsOf, type ModbusRegister } from "./schema.ts";

function register(
  what: ModbusRegister["function"],
  address: number,
  type: ModbusRegister["type"] = "int16",
): ModbusRegister {
  return {
    function: what,
    address,
    type,
    bit: 0,
    order: "ABCD",
    scale: 1,
    offset: 0,
    invalid: [],
    inverted: false,
    device: "boiler",
    kind: "pressure",
  };
}

it("reads neighbours together, and leaves holes alone", () => {
  const plan = planReads([
    register("holding", 12),
    register("input", 10),
    register("holding", 10, "float32"),
    register("holding", 14),
    register("holding", 11),
  ]);
  expect(plan.map(({ function: what, address, length }) => [what, address, length])).toEqual([
    ["holding", 10, 3],
    ["holding", 14, 1],
    ["input", 10, 1],
  ]);
});

it("reads every register once, nothing that was not asked for, and no more at once than is allowed", () => {
  const anyRegister = fc
    .tuple(
      fc.constantFrom("holding" as const, "input" as const, "coil" as const),
      fc.oneof(fc.nat(300), fc.nat(65_534)),
      fc.constantFrom("int16" as const, "float32" as const),
    )
    .map(([what, address, type]) => register(what, address, what === "coil" ? "bool" : type));
  fc.assert(
    fc.property(fc.array(anyRegister, { minLength: 1, maxLength: 400 }), (registers) => {
      const plan = planReads(registers);
      expect(plan.flatMap((block) => block.registers)).toHaveLength(registers.length);
      expect(new Set(plan.flatMap((block) => block.registers))).toEqual(new Set(registers));
      const wanted = new Set(
        registers.flatMap(({ function: what, address, type }) =>
          Array.from({ length: wordsOf(type) }, (_, word) => `${what} ${address + word}`),
        ),
      );
      for (const block of plan) {
        expect(block.length).toBeLessThanOrEqual(block.function === "coil" ? 2_000 : 125);
        const values = Array.from({ length: block.length }, (_, at) => block.address + at);
        for (const at of values) expect(wanted.has(`${block.function} ${at}`)).toBe(true);
        for (const one of block.registers) {
          const words = Array.from({ length: wordsOf(one.type) }, (_, word) => one.address + word);
          expect(wordsFor(one, block, values)).toEqual(words);
        }
      }
    }),
  );
});
