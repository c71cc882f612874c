/**
 * The frame of GB/T 26875.3-2011, 6.6: `@@`, serial 2, version 2, time 6, source 6, destination 6, length of the data 2,
 * command 1, data, checksum 1, `##`; numbers have their low byte first.
 */
export const data_bytes_max = 1_024;
/** From the start to the command, and with the checksum and the end. */
export const header_bytes = 27;
export const empty_bytes = header_bytes + 3;
export const frame_bytes_max = empty_bytes + data_bytes_max;
export const start = 0x40;
export const end = 0x23;

export const command = { control: 1, send: 2, acknowledge: 3, request: 4, reply: 5, deny: 6 } as const;

export interface Frame {
  readonly serial: number;
  /** Main and user's version. 1 and 1 mostly; devices tell others. */
  readonly version: readonly [number, number];
  /** When it was sent, 6 bytes as they came (`time-tag.ts`). */
  readonly sent: Uint8Array;
  /** 6 bytes in hex as they are sent, such as `79-03-00-00-00-00`. */
  readonly source: string;
  readonly destination: string;
  readonly command: number;
  readonly data: Uint8Array;
}

export const noData: Uint8Array = new Uint8Array();

/** Throws RangeError for more data than a frame takes. */
export function encodeFrame(frame: Frame): Uint8Array {
  const { serial, version, sent, source, destination, data } = frame;
  if (data.length > data_bytes_max) throw new RangeError(`${data.length} bytes of data in a frame`);
  const bytes = new Uint8Array(empty_bytes + data.length);
  const view = new DataView(bytes.buffer);
  bytes.fill(start, 0, 2);
  view.setUint16(2, serial, true);
  bytes.set(version, 4);
  bytes.set(sent, 6);
  bytes.set(addressBytes(source), 12);
  bytes.set(addressBytes(destination), 18);
  view.setUint16(24, data.length, true);
  bytes[26] = frame.command;
  bytes.set(data, header_bytes);
  const checked = header_bytes + data.length;
  bytes[checked] = checksum(bytes, 2, checked);
  bytes.fill(end, checked + 1);
  return bytes;
}

/** What stands at `from`, which must be whole; whether its end and checksum are right is for the caller to see. */
export function frameAt(bytes: Uint8Array, from: number): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from);
  const length = view.getUint16(24, true);
  // copies: what is kept of a frame must not keep all that came with it
  const part = (first: number, count: number): Uint8Array =>
    new Uint8Array(bytes.subarray(from + first, from + first + count));
  return {
    serial: view.getUint16(2, true),
    version: [view.getUint8(4), view.getUint8(5)],
    sent: part(6, 6),
    source: addressOf(part(12, 6)),
    destination: addressOf(part(18, 6)),
    command: view.getUint8(26),
    data: part(header_bytes, length),
  };
}

/** Sum of the bytes from `from` up to, not including, `to`, modulo 256. */
export function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index++) sum += bytes[index] as number;
  return sum & 0xff;
}

/** What is sent back for a frame: its serial and version, its addresses the other way about. */
export function answerTo(frame: Frame, what: "acknowledge" | "deny", sent: Uint8Array): Uint8Array {
  const { serial, version, source, destination } = frame;
  const addresses = { source: destination, destination: source };
  return encodeFrame({ serial, version, sent, ...addresses, command: command[what], data: noData });
}

function addressOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("-");
}

function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(address.split("-"), (hex) => Number.parseInt(hex, 16));
}

/** The whole number that an address is, low byte first: how most devices show theirs. */
export function addressNumber(address: string): number {
  return [...addressBytes(address)].reduceRight((sum, byte) => sum * 256 + byte, 0);
}
