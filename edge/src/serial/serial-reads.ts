import { read } from "node:fs";
import { SerialPort } from "serialport";

/** What the addon of serialport makes of an open port on Linux and macOS. */
interface OpenPort {
  readonly fd: number | null;
  readonly poller: Poller;
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>;
}

interface Poller {
  on(event: "writable", listener: () => void): unknown;
  once(event: "readable", listener: (error: Error | null) => void): unknown;
}

let isMended = false;

/**
 * Mends how serialport 13 reads, for ports that libraries open too. What its addon tells waits until the event loop has
 * some other reason to turn, from Node 26.4 on perhaps for ever (serialport/bindings-cpp#239); and where a port is
 * unplugged while a read is under way, it reads again without end instead of closing.
 */
export function mendSerialReads(): void {
  if (isMended) return;
  isMended = true;
  const binding: { open(options: object): Promise<object> } = SerialPort.binding;
  const open = binding.open.bind(binding);
  binding.open = async (options) => {
    const port = await open(options);
    if ("poller" in port) mend(port as OpenPort);
    return port;
  };
}

function mend(port: OpenPort): void {
  port.poller.on("writable", () => setImmediate(() => undefined));
  port.read = async (buffer, offset, length) => {
    for (;;) {
      const bytesRead = await readNow(port, buffer, offset, length);
      // the port doesn't block, so nothing to read would have been an error: this is the end of it
      if (bytesRead === 0) throw new Error("the port has hung up");
      if (bytesRead !== null) return { buffer, bytesRead };
      // closed meanwhile: its poller must not be touched any more
      if (port.fd === null) throw closed();
      await new Promise<void>((resolve, reject) => {
        port.poller.once("readable", (error) => {
          // called from where promises don't go on by themselves
          setImmediate(() => (error === null ? resolve() : reject(error)));
        });
      });
    }
  };
}

/** Reads what is there; null where that is nothing as yet. */
function readNow({ fd }: OpenPort, buffer: Buffer, offset: number, length: number): Promise<number | null> {
  if (fd === null) return Promise.reject(closed());
  return new Promise((resolve, reject) => {
    read(fd, buffer, offset, length, null, (error, bytesRead) => {
      if (error === null) resolve(bytesRead);
      else if (error.code === "EAGAIN" || error.code === "EINTR") resolve(null);
      else reject(error);
    });
  });
}

/** What the port takes for no fault. */
function closed(): Error {
  return Object.assign(new Error("the port is closed"), { canceled: true });
}
