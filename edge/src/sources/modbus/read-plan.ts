import { isBitFunction, wordsOf, type ModbusRegister } from "./schema.ts";

/** Registers that one request reads. */
export interface ReadBlock {
  readonly function: ModbusRegister["function"];
  readonly address: number;
  /** Registers, or coils. */
  readonly length: number;
  readonly registers: readonly ModbusRegister[];
}

/** What one request may ask for (MODBUS Application Protocol V1.1b3, 6.1 to 6.4). */
const length_max = { registers: 125, bits: 2_000 };

/** Reads neighbours together, and nothing that was not asked for: there are devices that refuse all for one hole. */
export function planReads(registers: readonly ModbusRegister[]): ReadBlock[] {
  const blocks: {
    function: ModbusRegister["function"];
    address: number;
    length: number;
    registers: ModbusRegister[];
  }[] = [];
  const sorted = registers.toSorted((a, b) => a.function.localeCompare(b.function) || a.address - b.address);
  for (const register of sorted) {
    const end = register.address + wordsOf(register.type);
    const last = blocks.at(-1);
    const most = isBitFunction(register.function) ? length_max.bits : length_max.registers;
    if (
      last?.function === register.function &&
      register.address <= last.address + last.length &&
      end - last.address <= most
    ) {
      last.length = Math.max(last.length, end - last.address);
      last.registers.push(register);
    } else {
      blocks.push({
        function: register.function,
        address: register.address,
        length: wordsOf(register.type),
        registers: [register],
      });
    }
  }
  return blocks;
}

/** What was read for a register of a block. */
export function wordsFor(register: ModbusRegister, block: ReadBlock, values: readonly number[]): readonly number[] {
  const at = register.address - block.address;
  return values.slice(at, at + wordsOf(register.type));
}
