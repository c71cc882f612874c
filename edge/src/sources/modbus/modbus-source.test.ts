import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { silentLogger } from "@gengfu/shared/logging";
import { pause, systemClock, type Clock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Deliver } from "../../intake/message.ts";
import { closeSerialPort, openSerialPort } from "../../serial/serial-port.ts";
import { ModbusRtu, ModbusTcp } from "../../testing/modbus-device.ts";
import { hasPty } from "../../testing/pty.ts";
import { Troubles } from "../../troubles.ts";
import type { LoopSource } from "../loop-source.ts";
import { modbusSource } from "./modbus-source.ts";
import { modbusSchema } from "./schema.ts";

let troubles: Troubles;
let delivered: [string | null, number | null][];
let source: LoopSource | undefined;
let ends: (() => Promise<void>)[];
const deliver: Deliver = (_, { channel, value }) => {
  delivered.push([channel, value]);
  return Promise.resolve();
};
beforeEach(() => {
  troubles = new Troubles();
  delivered = [];
  ends = [];
});
afterEach(async () => {
  await source?.stop();
  for (const end of ends) await end();
});

async function tcpDevice(unit?: number): Promise<ModbusTcp> {
  const tcp = await ModbusTcp.open(unit);
  ends.push(() => tcp.close());
  return tcp;
}

async function start(connections: Record<string, unknown>[], clock: Clock = systemClock): Promise<void> {
  source = modbusSource({
    config: modbusSchema.parse({ connections }),
    troubles,
    clock,
    logger: silentLogger,
    reconnect: { first_ms: 10, max_ms: 50 },
  });
  await source.start(deliver);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(systemClock, 1);
}

const at = ({ port }: ModbusTcp): object => ({ tcp: { host: "127.0.0.1", port } });
const temperature = (address: number, channel: string, part: object = {}): object => ({
  address,
  device: "boiler",
  kind: "temperature",
  channel,
  ...part,
});

describe("Modbus", () => {
  it("reads neighbours in one request, whatever becomes of each", async () => {
    const tcp = await tcpDevice();
    tcp.device.holding.set(0, 645).set(1, 0x8000).set(2, 0x41bb).set(3, 0xa5e3).set(9, 7);
    tcp.device.coils.set(4, true);
    const registers = [
      temperature(0, "supply", { scale: 0.1 }),
      temperature(1, "return", { invalid: [-32_768] }),
      temperature(2, "flue", { type: "float32" }),
      temperature(9, "room"),
      { function: "coil", address: 4, device: "boiler", kind: "contact", channel: "flame" },
    ];
    await start([{ name: "room", ...at(tcp), units: [{ interval: "50ms", registers }] }]);
    await until(() => delivered.length >= 4 && troubles.list().length === 1);
    expect(new Map(delivered)).toEqual(
      new Map([
        ["flame", 1],
        ["supply", 64.5],
        ["flue", 23.456],
        ["room", 7],
      ]),
    );
    expect(tcp.device.requests.slice(0, 3)).toEqual([
      "unit 1 coil 4 x 1",
      "unit 1 holding 0 x 4",
      "unit 1 holding 9 x 1",
    ]);
    expect(troubles.list()[0]).toMatch(/holding 1.*return.*没有测量值.*-32768/);
  });

  it("tells a contact when it changes, and not with each poll", async () => {
    const tcp = await tcpDevice();
    tcp.device.coils.set(0, false);
    const registers = [{ function: "discrete", address: 0, device: "boiler", kind: "contact" }];
    await start([{ name: "room", ...at(tcp), units: [{ interval: "10ms", registers }] }]);
    await until(() => tcp.device.requests.length >= 10);
    expect(delivered).toEqual([[null, 0]]);
    tcp.device.coils.set(0, true);
    await until(() => delivered.length === 2);
    expect(delivered[1]).toEqual([null, 1]);
  });

  it("never asks twice at a time, however slow the device and however many the units", async () => {
    const tcp = await tcpDevice();
    tcp.device.holding.set(0, 1);
    let most = 0;
    tcp.device.delay = async () => {
      most = Math.max(most, tcp.device.underWay);
      await pause(systemClock, 15);
    };
    const units = [1, 2, 3].map((unit) => ({
      unit,
      interval: "10ms",
      registers: [temperature(0, `unit-${unit}`)],
    }));
    await start([{ name: "room", ...at(tcp), units }]);
    await until(() => new Set(delivered.map(([channel]) => channel)).size === 3 && delivered.length >= 9);
    expect([most, tcp.connections]).toEqual([1, 1]);
  });

  it("does not let a unit that is not there keep the others from being read", async () => {
    const tcp = await tcpDevice(1);
    tcp.device.holding.set(0, 20);
    await start([
      {
        name: "room",
        ...at(tcp),
        timeout: "30ms",
        units: [
          { unit: 9, interval: "10ms", registers: [temperature(0, "nobody")] },
          { unit: 1, interval: "10ms", registers: [temperature(0, "supply")] },
        ],
      },
    ]);
    await until(() => troubles.list().length === 1 && delivered.length >= 10);
    expect(troubles.list()[0]).toContain("unit 9 does not answer");
    expect(new Set(delivered.map(([channel]) => channel))).toEqual(new Set(["supply"]));
    expect(tcp.connections).toBe(1);
  });

  it("names the exception by which a device refuses", async () => {
    const tcp = await tcpDevice();
    await start([{ name: "room", ...at(tcp), units: [{ interval: "10ms", registers: [temperature(700, "supply")] }] }]);
    await until(() => troubles.list().length === 1);
    expect(troubles.list()[0]).toMatch(/异常码 2:没有该寄存器.*exception 2: it has no such register/);
  });

  it("connects again at once where a device ends a connection that rests", async () => {
    const tcp = await tcpDevice();
    tcp.device.holding.set(0, 20);
    await start([{ name: "room", ...at(tcp), units: [{ interval: "50ms", registers: [temperature(0, "supply")] }] }]);
    for (let round = 1; round <= 3; round++) {
      const before = delivered.length;
      await until(() => delivered.length > before);
      tcp.hangUp();
      await until(() => tcp.open === 0);
    }
    const before = delivered.length;
    await until(() => delivered.length > before);
    expect(tcp.connections).toBeGreaterThanOrEqual(4);
    expect(troubles.list()).toEqual([]);
  });

  it("says where it can't connect, and why", async () => {
    const tcp = await tcpDevice();
    await tcp.unplug();
    await start([{ name: "room", ...at(tcp), units: [{ registers: [temperature(0, "supply")] }] }]);
    await until(() => troubles.list().length === 1);
    expect(troubles.list()[0]).toMatch(new RegExp(`room.*127\\.0\\.0\\.1:${tcp.port}.*ECONNREFUSED`));
  });

  it("waits for a connection no longer than its time limit, and can be stopped meanwhile", async () => {
    const port = await deafPort();
    const registers = [temperature(0, "supply")];
    await start([{ name: "room", tcp: { host: "127.0.0.1", port }, timeout: "50ms", units: [{ registers }] }]);
    await until(() => troubles.list().length === 1);
    expect(troubles.list()[0]).toContain("no answer in time");
    await source?.stop();
    await start([{ name: "room", tcp: { host: "127.0.0.1", port }, timeout: "1m", units: [{ registers }] }]);
    await source?.stop();
  });
});

/** A port where connections are neither made nor refused: of a process that sleeps, with a full queue. */
async function deafPort(): Promise<number> {
  const program = `require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
    console.log(this.address().port);
  })`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  child.kill("SIGSTOP");
  const waiting = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  ends.push(async () => {
    for (const socket of waiting) socket.destroy();
    child.kill("SIGKILL");
    await once(child, "close");
  });
  await once(waiting[0] as Socket, "connect");
  return port;
}

describe.skipIf(!hasPty)("Modbus on a serial line", () => {
  const line = async (): Promise<ModbusRtu> => {
    const rtu = await ModbusRtu.open();
    ends.push(() => rtu.close());
    return rtu;
  };

  it("finds its answers among interference", async () => {
    const rtu = await line();
    rtu.device.holding.set(0, 20);
    rtu.device.delay = () => {
      rtu.disturb(Buffer.from([0, 1, 3, 2, 0xff, 0xff, 7]));
      return Promise.resolve();
    };
    await start([
      { name: "room", rtu: { path: rtu.path }, units: [{ interval: "10ms", registers: [temperature(0, "supply")] }] },
    ]);
    await until(() => delivered.length >= 5);
    expect(new Set(delivered.map(([, value]) => value))).toEqual(new Set([20]));
    expect(troubles.list()).toEqual([]);
  });

  it("does not take a late answer for that of the next request", async () => {
    const rtu = await line();
    rtu.device.holding.set(0, 11).set(5, 55);
    rtu.device.delay = () => {
      rtu.device.delay = () => Promise.resolve();
      // after the time limit, and before the line is used again
      return pause(systemClock, 250);
    };
    await start([
      {
        name: "room",
        rtu: { path: rtu.path },
        timeout: "200ms",
        units: [{ interval: "10ms", registers: [temperature(0, "zero"), temperature(5, "five")] }],
      },
    ]);
    await until(() => delivered.length >= 4);
    for (const [channel, value] of delivered) expect(value).toBe(channel === "zero" ? 11 : 55);
  });

  it("goes through a serial device server, too", async () => {
    const rtu = await line();
    rtu.device.holding.set(0, 33);
    const port = await openSerialPort({ path: rtu.path, baudRate: 9_600 });
    const server = createServer((socket) => void socket.pipe(port).pipe(socket)).listen(0, "127.0.0.1");
    await until(() => server.listening);
    ends.unshift(async () => {
      server.close();
      await closeSerialPort(port);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    await start([
      {
        name: "room",
        tcp: { host: "127.0.0.1", port: address.port, framing: "rtu" },
        units: [{ interval: "10ms", registers: [temperature(0, "supply")] }],
      },
    ]);
    await until(() => delivered.length >= 3);
    expect(delivered[0]).toEqual(["supply", 33]);
  });
});
