import { readdirSync, readlinkSync } from "node:fs";
import { describe } from "vitest";
import { ModbusRtu, ModbusTcp } from "../../testing/modbus-device.ts";
import { hasPty } from "../../testing/pty.ts";
import { describeSource, type SourceParts, type SourceRig } from "../contract.ts";
import { modbusSource } from "./modbus-source.ts";
import { modbusSchema } from "./schema.ts";

const reconnect = { first_ms: 20, max_ms: 100 };
const units = [
  {
    unit: 7,
    interval: "10ms",
    registers: [
      { function: "input", address: 3, scale: 0.1, device: "boiler", kind: "temperature", channel: "supply" },
    ],
  },
];
/** What a line may do, whatever carries the bytes. */
const onTheLine = ["silent", "garbage"];

function rigOver(
  line: ModbusTcp | ModbusRtu,
  where: Record<string, unknown>,
  parts: SourceParts,
  held: () => number,
): SourceRig {
  let tenths = 200;
  const { device } = line;
  device.input.set(3, tenths);
  const connection = { name: "boiler-room", timeout: "400ms", pause: "1ms", units, ...where };
  return {
    source: modbusSource({ config: modbusSchema.parse({ connections: [connection] }), reconnect, ...parts }),
    provoke() {
      tenths += 1;
      device.input.set(3, tenths);
      return { device: "boiler", kind: "temperature", channel: "supply", value: tenths / 10 };
    },
    async break(malfunction) {
      if (malfunction === "silent" || malfunction === "garbage") line.wire = malfunction;
      else if (malfunction === "exception") device.exception = 4;
      else if (malfunction === "no measurement") device.input.set(3, 0x8000);
      else await line.unplug();
    },
    async mend(malfunction) {
      line.wire = "well";
      device.exception = null;
      device.input.set(3, tenths);
      if (malfunction === "unplugged") await line.plug();
    },
    held,
    dispose: () => line.close(),
  };
}

describeSource("Modbus TCP, over a library's server", {
  tick_ms: 3,
  malfunctions: ["unplugged", ...onTheLine, "exception", "no measurement"],
  async open(parts) {
    const line = await ModbusTcp.open();
    return rigOver(line, { tcp: { host: "127.0.0.1", port: line.port } }, parts, () => line.open);
  },
});

describe.skipIf(!hasPty)("on a pseudo-terminal", () => {
  describeSource("Modbus RTU, over a library's server", {
    tick_ms: 2,
    malfunctions: ["unplugged", ...onTheLine],
    async open(parts) {
      const line = await ModbusRtu.open();
      return rigOver(line, { rtu: { path: line.path } }, parts, openTerminals);
    },
  });
});

/** Terminals that this process has open, but for the server's. */
function openTerminals(): number {
  return readdirSync("/proc/self/fd").filter((fd) => targetOf(fd).startsWith("/dev/pts/")).length - 1;
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // closed since the folder was read
    return "";
  }
}
