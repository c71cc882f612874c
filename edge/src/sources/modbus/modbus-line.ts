import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf } from "@gengfu/shared/errors";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type modbus from "modbus-serial";
import type { ReadBlock } from "./read-plan.ts";
import { RtuPort } from "./rtu-port.ts";
import { isBitFunction, type ModbusConnection, type RtuConfig, type TcpConfig } from "./schema.ts";

export type ReadOutcome =
  | { readonly kind: "values"; /** Words, or coils as 0 and 1. */ readonly values: readonly number[] }
  | { readonly kind: "exception"; readonly code: number }
  /** Nothing came, or nothing that was an answer, or the connection ended. */
  | { readonly kind: "silent" | "garbage" | "closed" };

/** An open connection; it carries one request at a time. */
export interface ModbusLine {
  readonly isOpen: boolean;
  /** Never rejects. */
  read(unit: number, block: ReadBlock, signal: AbortSignal): Promise<ReadOutcome>;
  /** Resolves when nothing of it is held any more. */
  close(): Promise<void>;
}

type Opened = { readonly stream: Duplex; readonly close: () => Promise<void> };

/** Opens a connection; rejects where that fails, or takes longer than its time limit. */
export async function openLine(config: ModbusConnection, clock: Clock, signal: AbortSignal): Promise<ModbusLine> {
  // both load addons or much code that a gateway without Modbus need not hold
  const { default: library } = await import("modbus-serial");
  const { tcp, rtu } = config;
  const { stream, close } = rtu === undefined ? await openTcp(config, tcp, clock, signal) : await openSerial(rtu);
  const isRtu = rtu !== undefined || tcp?.framing === "rtu";
  const port = isRtu ? new RtuPort(stream) : null;
  const client = new library.default(port ?? undefined);
  // where nobody listens an error ends the process; the line shows its end by itself
  client.on("error", () => undefined);
  if (port === null) await client.linkTCP(stream as Socket, { port: 0 });
  else await new Promise<void>((resolve) => client.open(resolve));
  return new Line({ client, stream, close, port, clock, timeout_ms: config.timeout });
}

type Client = modbus.default;

interface LineParts {
  readonly client: Client;
  readonly stream: Duplex;
  readonly close: () => Promise<void>;
  readonly port: RtuPort | null;
  readonly clock: Clock;
  readonly timeout_ms: number;
}

class Line implements ModbusLine {
  readonly #parts: LineParts;
  #isOpen = true;

  constructor(parts: LineParts) {
    this.#parts = parts;
    parts.stream.once("close", () => (this.#isOpen = false));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async read(unit: number, block: ReadBlock, signal: AbortSignal): Promise<ReadOutcome> {
    const { client, stream, port, clock, timeout_ms } = this.#parts;
    const outcome = Promise.withResolvers<ReadOutcome>();
    const end = (): void => outcome.resolve({ kind: "closed" });
    const cancel = clock.after(timeout_ms, () => outcome.resolve({ kind: "silent" }));
    stream.once("close", end);
    signal.addEventListener("abort", end);
    client.setID(unit);
    request(client, block).then(outcome.resolve, (error: unknown) => outcome.resolve(failure(error)));
    const first = await outcome.promise;
    cancel();
    stream.off("close", end);
    signal.removeEventListener("abort", end);
    if (first.kind !== "silent" || port === null) return first;
    const isNoise = port.hasHeardNoise;
    // on a line nothing tells which request an answer is to: one that comes late is waited for, and forgotten
    port.forget();
    await pause(clock, timeout_ms, signal);
    return isNoise ? { kind: "garbage" } : first;
  }

  async close(): Promise<void> {
    // takes the client's listeners off; it would wait for an answer of a port that is gone
    this.#parts.client.destroy(() => undefined);
    await this.#parts.close();
  }
}

async function request(client: Client, block: ReadBlock): Promise<ReadOutcome> {
  const { address, length } = block;
  const reads = {
    holding: () => client.readHoldingRegisters(address, length),
    input: () => client.readInputRegisters(address, length),
    coil: () => client.readCoils(address, length),
    discrete: () => client.readDiscreteInputs(address, length),
  };
  const { data } = await reads[block.function]();
  // coils come by whole bytes
  const isWhole = isBitFunction(block.function) ? data.length >= length : data.length === length;
  return isWhole ? { kind: "values", values: data.slice(0, length).map(Number) } : { kind: "garbage" };
}

function failure(error: unknown): ReadOutcome {
  if (error instanceof Error && "modbusCode" in error && typeof error.modbusCode === "number") {
    return { kind: "exception", code: error.modbusCode };
  }
  return { kind: messageOf(error) === "Port Not Open" ? "closed" : "garbage" };
}

async function openTcp(
  { timeout }: ModbusConnection,
  tcp: TcpConfig | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<Opened> {
  const { host, port } = tcp ?? { host: "", port: 0 };
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  // an error is followed by the end, which is looked at
  socket.on("error", () => undefined);
  const close = async (): Promise<void> => {
    if (socket.closed) return;
    const closed = once(socket, "close");
    socket.destroy();
    await closed;
  };
  const failed = new Promise<never>((_, reject) => {
    socket.once("error", reject);
  });
  const patience = new AbortController();
  const stop = (): void => patience.abort();
  signal.addEventListener("abort", stop);
  const tooLate = pause(clock, timeout, patience.signal).then(() => {
    throw new Error("no answer in time");
  });
  // of the three that race two may fail when nobody listens any more
  for (const lost of [failed, tooLate]) lost.catch(() => undefined);
  try {
    await Promise.race([once(socket, "connect"), failed, tooLate]);
    return { stream: socket, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    patience.abort();
    signal.removeEventListener("abort", stop);
  }
}

async function openSerial({ path, baud, data_bits, stop_bits, parity }: RtuConfig): Promise<Opened> {
  const { openSerialPort, closeSerialPort } = await import("../../serial/serial-port.ts");
  const port = await openSerialPort({ path, baudRate: baud, dataBits: data_bits, stopBits: stop_bits, parity });
  port.on("error", () => undefined);
  return { stream: port, close: () => closeSerialPort(port) };
}
