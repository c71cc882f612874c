import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";
import { currentLoop } from "../current-loop/calibration.ts";
import { rejectRepeats } from "../repeats.ts";

const functions = ["holding", "input", "coil", "discrete"] as const;
const types = ["int16", "uint16", "int32", "uint32", "float32", "bool"] as const;

const register = z
  .strictObject({
    function: z
      .enum(functions)
      .default("holding")
      .describe("Holding registers (function 3), input registers (4), coils (1) or discrete inputs (2)."),
    address: z
      .int()
      .min(0)
      .max(65_535)
      .describe(
        "As it is sent, counted from 0: what a manual calls 40001 is holding register 0, 30001 input register 0.",
      ),
    type: z
      .enum(types)
      .default("int16")
      .describe("How the register is to be read; one of 32 bits takes two registers. Coils are always bool."),
    bit: z.int().min(0).max(15).default(0).describe("Which bit of a register is a bool, from 0, the lowest."),
    order: z
      .enum(["ABCD", "CDAB", "BADC", "DCBA"])
      .default("ABCD")
      .describe("Order of the bytes as sent, A the highest: CDAB has the low word first, BADC and DCBA swap bytes."),
    scale: z.number().default(1).describe("Multiplies the raw value, such as 0.1 for tenths."),
    offset: z.number().default(0).describe("Added after that."),
    current_loop: currentLoop
      .optional()
      .describe("For a module that measures a loop of 4 to 20 mA: scale gives mA, and these points the value."),
    invalid: z
      .array(z.number())
      .max(20)
      .default([])
      .describe("Raw values by which the device says that it does not measure, such as -32768."),
    min: z.number().optional().describe("Less than this is a fault and no reading, in the kind's unit."),
    max: z.number().optional().describe("More than this is a fault and no reading, in the kind's unit."),
    inverted: z.boolean().default(false).describe("Of a bool: set where 0 is what signals."),
    device: identifier.describe("The device of the site file whose reading it is."),
    kind: z
      .enum(["level", "temperature", "pressure", "contact", "count"])
      .describe("What it measures; after scale and offset in the kind's unit: m, degC, kPa, pulses."),
    channel: identifier.optional().describe("Which of several of the device's of that kind."),
  })
  .transform((value) => (isBitFunction(value.function) ? { ...value, type: "bool" as const } : value))
  .superRefine((value, context) => {
    const reject = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const isBool = value.type === "bool";
    if (isBool !== (value.kind === "contact"))
      reject("kind", isBool ? "contact, of a bool" : "no contact, but of a bool");
    if (isBool && value.current_loop !== undefined) reject("current_loop", "a register that is no bool");
    if (value.address + wordsOf(value.type) > 65_536) reject("address", "an address at which the whole register lies");
  });
export type ModbusRegister = z.output<typeof register>;

const unit = z.strictObject({
  unit: z
    .int()
    .min(0)
    .max(255)
    .default(1)
    .describe("Address of the device on its line, 1 to 247; 0 or 255 by TCP alone."),
  interval: duration
    .refine((interval_ms) => interval_ms >= 10, "an interval of at least 10ms")
    .default(10_000)
    .describe("How often it is read; 10s by default."),
  registers: z.array(register).min(1).max(1_000).describe("What is read of it; neighbours are read together."),
});
export type ModbusUnit = z.output<typeof unit>;

const tcp = z.strictObject({
  host: z.string().min(1).describe("Name or address."),
  port: z.int().min(1).max(65_535).default(502).describe("TCP port."),
  framing: z
    .enum(["tcp", "rtu"])
    .default("tcp")
    .describe("rtu for a serial device server that hands the bytes of an RS-485 line through as they are."),
});
export type TcpConfig = z.output<typeof tcp>;

const rtu = z.strictObject({
  path: z.string().min(1).describe("The serial port, best by a name that stays: /dev/serial/by-id/..."),
  baud: z.int().min(300).max(1_000_000).default(9_600).describe("Bits a second."),
  data_bits: z
    .union([z.literal(7), z.literal(8)])
    .default(8)
    .describe("Bits of a character."),
  stop_bits: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe("Stop bits."),
  parity: z.enum(["none", "even", "odd"]).default("none").describe("Parity."),
});
export type RtuConfig = z.output<typeof rtu>;

const connection = z
  .strictObject({
    name: identifier.describe("What logs and troubles call it."),
    tcp: tcp.optional().describe("A device or a gateway by Modbus TCP."),
    rtu: rtu.optional().describe("A line by Modbus RTU."),
    timeout: duration
      .refine((timeout_ms) => timeout_ms >= 20 && timeout_ms <= 60_000, "a time limit of 20ms to 1m")
      .default(1_000)
      .describe("How long an answer, or the connection itself, may take; 1s by default."),
    pause: duration
      .default(10)
      .describe("Rest between an answer and the next request, for slow devices; 10ms by default."),
    units: z.array(unit).min(1).max(247).describe("The devices behind the connection."),
  })
  .superRefine(({ tcp: byTcp, rtu: byRtu, units }, context) => {
    if ((byTcp === undefined) === (byRtu === undefined)) {
      context.addIssue({ code: "custom", path: [], message: "either `tcp` or `rtu`" });
    }
    rejectRepeats(context, ["units"], "unit", units, (one) => String(one.unit));
    if (byTcp?.framing === "tcp") return;
    units.forEach((one, index) => {
      if (one.unit >= 1 && one.unit <= 247) return;
      context.addIssue({ code: "custom", path: ["units", index, "unit"], message: "a number from 1 to 247 on a line" });
    });
  });
export type ModbusConnection = z.output<typeof connection>;

/** The part of `edge.yaml` for controllers and transmitters by Modbus. */
export const modbusSchema = z
  .strictObject({ connections: z.array(connection).min(1).max(32).describe("Lines and TCP connections.") })
  .superRefine(({ connections }, context) => {
    rejectRepeats(context, ["connections"], "name", connections, ({ name }) => name);
    const seen = new Map<string, string>();
    for (const { path, register: one } of registersOf({ connections })) {
      const meaning = `${one.device}/${one.kind}/${one.channel}`;
      const earlier = seen.get(meaning);
      const message = `a channel of the device that ${earlier} does not have`;
      if (earlier !== undefined) context.addIssue({ code: "custom", path: [...path, "channel"], message });
      else seen.set(meaning, path.join("."));
    }
  });
export type ModbusConfig = z.output<typeof modbusSchema>;

/** Every register, with its place in the section. */
export function registersOf({
  connections,
}: ModbusConfig): { readonly path: readonly PropertyKey[]; readonly register: ModbusRegister }[] {
  return connections.flatMap(({ units }, at) =>
    units.flatMap(({ registers }, unitAt) =>
      registers.map((one, index) => ({
        path: ["connections", at, "units", unitAt, "registers", index],
        register: one,
      })),
    ),
  );
}

/** How many registers, or coils, a type takes. */
export function wordsOf(type: (typeof types)[number]): number {
  return type.endsWith("32") ? 2 : 1;
}

export function isBitFunction(what: (typeof functions)[number]): boolean {
  return what === "coil" || what === "discrete";
}
