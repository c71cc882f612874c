import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { callbackify } from "node:util";
import { ServerSerial, ServerTCP, type IServiceVector } from "modbus-serial";
import { mendSerialReads } from "../serial/serial-reads.ts";
import { openPty, type Pty } from "./pty.ts";

/** Registers that a test sets, behind the Modbus server of a library. */
export class ModbusDevice {
  readonly holding = new Map<number, number>();
  readonly input = new Map<number, number>();
  readonly coils = new Map<number, boolean>();
  /** Exception code by which it refuses everything. */
  exception: number | null = null;
  /** What it waits for before it answers. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** What it was asked for, as in `unit 1 holding 0 x 2`. */
  readonly requests: string[] = [];
  /** Requests that wait for their answer. */
  underWay = 0;

  readonly vector: IServiceVector = {
    // the server takes promises of single registers only
    getMultipleHoldingRegisters: callbackify((address: number, length: number, unit: number) =>
      this.#read("holding", this.holding, address, length, unit),
    ),
    getMultipleInputRegisters: callbackify((address: number, length: number, unit: number) =>
      this.#read("input", this.input, address, length, unit),
    ),
    getHoldingRegister: async (address: number, unit: number) =>
      (await this.#read("holding", this.holding, address, 1, unit))[0] ?? 0,
    getInputRegister: async (address: number, unit: number) =>
      (await this.#read("input", this.input, address, 1, unit))[0] ?? 0,
    getCoil: async (address: number, unit: number) =>
      (await this.#read("coil", this.coils, address, 1, unit))[0] ?? false,
    getDiscreteInput: async (address: number, unit: number) =>
      (await this.#read("discrete", this.coils, address, 1, unit))[0] ?? false,
  };

  async #read<Value>(
    what: string,
    from: ReadonlyMap<number, Value>,
    address: number,
    length: number,
    unit: number,
  ): Promise<Value[]> {
    this.requests.push(`unit ${unit} ${what} ${address} x ${length}`);
    const { exception } = this;
    const values = Array.from({ length }, (_, index) => from.get(address + index)).filter((one) => one !== undefined);
    this.underWay += 1;
    await this.delay();
    this.underWay -= 1;
    const code = exception ?? (values.length < length ? 2 : null);
    if (code !== null) throw Object.assign(new Error("refused"), { modbusErrorCode: code });
    return values;
  }
}

/** What happens to the bytes between master and device, by the name of the malfunction. */
export type Wire = "well" | "silent" | "garbage";

/** Bytes that are no answer to anything, as long as an answer is. */
const noise = Buffer.from("ff00a55a7e13ff00a55a7e13ff00", "hex");

interface Disturbed {
  wire: Wire;
}

function toDevice({ wire }: Disturbed, bytes: Buffer): Buffer {
  return wire === "silent" ? Buffer.alloc(0) : bytes;
}

function toMaster({ wire }: Disturbed, bytes: Buffer): Buffer {
  return wire === "garbage" ? noise : bytes;
}

/** A device by Modbus TCP; the line before it can be disturbed, and cut. */
export class ModbusTcp implements Disturbed {
  readonly device = new ModbusDevice();
  wire: Wire = "well";
  /** The port that masters connect to; the same however often it is unplugged. */
  port = 0;
  /** Connections that were ever made. */
  connections = 0;
  readonly #server: ServerTCP;
  readonly #behind: number;
  readonly #sockets = new Set<Socket>();
  #front: Server | null = null;

  private constructor(server: ServerTCP, device: ModbusDevice, behind: number) {
    this.#server = server;
    this.#behind = behind;
    this.device = device;
  }

  /** One that answers to a unit number, 255 for all. */
  static async open(unit = 255): Promise<ModbusTcp> {
    const device = new ModbusDevice();
    const behind = await freePort();
    const server = new ServerTCP(device.vector, { host: "127.0.0.1", port: behind, unitID: unit });
    await once(server, "initialized");
    const tcp = new ModbusTcp(server, device, behind);
    await tcp.plug();
    return tcp;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  async plug(): Promise<void> {
    const front = createServer((socket) => this.#bridge(socket));
    front.listen(this.port, "127.0.0.1");
    await once(front, "listening");
    this.port = (front.address() as AddressInfo).port;
    this.#front = front;
  }

  /** Ends the connections, as a device does that restarts. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async unplug(): Promise<void> {
    const front = this.#front;
    if (front === null) return;
    this.#front = null;
    const closed = once(front, "close");
    front.close();
    this.hangUp();
    await closed;
  }

  async close(): Promise<void> {
    await this.unplug();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #bridge(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    const behind = connect(this.#behind, "127.0.0.1");
    for (const [end, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      end.on("error", () => other.destroy());
      end.on("close", () => other.destroy());
    }
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => behind.write(toDevice(this, bytes)));
    behind.on("data", (bytes: Buffer) => socket.write(toMaster(this, bytes)));
  }
}

/** A device on a serial line between two pseudo-terminals, which can be disturbed and pulled out. */
export class ModbusRtu implements Disturbed {
  readonly device: ModbusDevice;
  wire: Wire = "well";
  readonly #near: Pty;
  readonly #far: Pty;
  readonly #server: ServerSerial;

  private constructor(server: ServerSerial, device: ModbusDevice, near: Pty, far: Pty) {
    this.#server = server;
    this.device = device;
    this.#near = near;
    this.#far = far;
    near.onData = (bytes) => far.write(toDevice(this, bytes));
    far.onData = (bytes) => near.write(toMaster(this, bytes));
  }

  static async open(unit = 255): Promise<ModbusRtu> {
    mendSerialReads();
    const device = new ModbusDevice();
    const [near, far] = [await openPty(), await openPty()];
    const server = new ServerSerial(device.vector, { path: far.path, baudRate: 9_600, unitID: unit });
    await once(server, "initialized");
    return new ModbusRtu(server, device, near, far);
  }

  /** What the master opens. */
  get path(): string {
    return this.#near.path;
  }

  /** Puts bytes on the line, as interference does. */
  disturb(bytes: Uint8Array): void {
    this.#near.write(bytes);
  }

  plug(): Promise<void> {
    return this.#near.plug();
  }

  unplug(): Promise<void> {
    return this.#near.unplug();
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#near.remove();
    await this.#far.remove();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "close");
  server.close();
  await closed;
  return port;
}
