import { SerialPort } from "serialport";
import { mendSerialReads } from "./serial-reads.ts";

export interface SerialPortOptions {
  /** Such as /dev/ttyUSB0, or better a name under /dev/serial/by-id, which stays when it is plugged in elsewhere. */
  readonly path: string;
  /** Bits a second. */
  readonly baudRate: number;
  readonly dataBits?: 7 | 8;
  readonly stopBits?: 1 | 2;
  readonly parity?: "none" | "even" | "odd";
}

/** Opens a serial port that nobody else may open; rejects where it isn't there or can't be had. */
export function openSerialPort(options: SerialPortOptions): Promise<SerialPort> {
  mendSerialReads();
  const port = new SerialPort({ ...options, autoOpen: false });
  return new Promise((resolve, reject) => {
    port.open((error) => (error === null ? resolve(port) : reject(error)));
  });
}

/** Ends a port; resolves when it is closed, as one that was unplugged already is. */
export function closeSerialPort(port: SerialPort): Promise<void> {
  return new Promise((resolve) => {
    if (port.isOpen) port.close(() => resolve());
    else resolve();
  });
}
