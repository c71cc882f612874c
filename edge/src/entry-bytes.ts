import { GengfuError } from "@gengfu/shared/errors";
import type { Detail, Reading } from "@gengfu/shared/model/reading";
import type { EdgeEntry } from "./entry.ts";

/**
 * Entries as bytes, since they are written while devices wait for their acknowledgement and each byte of them goes to
 * an SD card: what entries share stands once in front, times are differences to the entry before.
 *
 *   version | length of the table, 4 bytes | the table, JSON: [device, kind, channel, clock, boot] of each series
 *   each entry: flags 1 | series | at | receivedAt - at | value | ms since boot | key | detail | what it may repeat
 *
 * Whole numbers are of seven bits a byte, the low ones first, negative ones folded between the positive.
 */
export const bytesVersion = 3;

type Series = [Reading["device"], Reading["kind"], Reading["channel"], Reading["clock"], boot: number | null];

const flag = {
  value: 1,
  /** The value is a whole number of hundredths, else a double. */
  hundredths: 2,
  /** The times are doubles: they are no whole numbers, or too far apart. */
  doubles: 4,
  key: 8,
  detail: 16,
  mayRepeat: 32,
} as const;

/** Of an entry without its key and detail: flags, six numbers of at most nine bytes. */
const entry_bytes_max = 64;
const headBytes = 5;
const difference_max = 2 ** 45;

let scratch = Buffer.allocUnsafe(64 * 1024);

/** Makes room behind `used`, where there is too little of it. */
function room(used: number, bytes: number): void {
  if (used + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(2 * scratch.length, used + bytes));
  scratch.copy(larger, 0, 0, used);
  scratch = larger;
}

function putWhole(value: number, at: number): number {
  let rest = value >= 0 ? value * 2 : value * -2 - 1;
  while (rest > 0x7f_ff_ff_ff) {
    scratch[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    scratch[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  scratch[at++] = rest;
  return at;
}

function isSmall(value: number): boolean {
  return Number.isInteger(value) && value < difference_max && value > -difference_max;
}

/** Which series of a block an entry belongs to. Neighbours are mostly of one. */
class SeriesTable {
  readonly rows: Series[] = [];
  readonly #known = new Map<string, number>();
  #index = -1;

  indexOf({ device, kind, channel, clock, sinceBoot }: EdgeEntry): number {
    const boot = sinceBoot === undefined ? null : sinceBoot.boot;
    const last = this.rows[this.#index];
    if (
      last !== undefined &&
      last[0] === device &&
      last[1] === kind &&
      last[2] === channel &&
      last[3] === clock &&
      last[4] === boot
    ) {
      return this.#index;
    }
    const name = `${device}/${kind}/${channel ?? "/"}/${clock}/${boot}`;
    let index = this.#known.get(name);
    if (index === undefined) {
      index = this.rows.push([device, kind, channel, clock, boot]) - 1;
      this.#known.set(name, index);
    }
    this.#index = index;
    return index;
  }
}

export function encodeEntries(entries: readonly EdgeEntry[]): Uint8Array {
  const table = new SeriesTable();
  let end = 0;
  let at = 0;
  let ms = 0;
  for (const entry of entries) {
    room(end, entry_bytes_max);
    const flagsAt = end;
    let flags = 0;
    end = putWhole(table.indexOf(entry), end + 1);
    const delay = entry.receivedAt - entry.at;
    // of whole numbers alone a sum gives back what a difference took
    if (
      Number.isSafeInteger(entry.at) &&
      Number.isSafeInteger(entry.receivedAt) &&
      isSmall(entry.at - at) &&
      isSmall(delay)
    ) {
      end = putWhole(entry.at - at, end);
      end = putWhole(delay, end);
      at = entry.at;
    } else {
      flags |= flag.doubles;
      end = scratch.writeDoubleLE(entry.at, end);
      end = scratch.writeDoubleLE(entry.receivedAt, end);
    }
    if (entry.value !== null) {
      flags |= flag.value;
      const hundredths = Math.round(entry.value * 100);
      if (hundredths / 100 === entry.value && isSmall(hundredths) && !Object.is(entry.value, -0)) {
        flags |= flag.hundredths;
        end = putWhole(hundredths, end);
      } else {
        end = scratch.writeDoubleLE(entry.value, end);
      }
    }
    if (entry.sinceBoot !== undefined) {
      end = putWhole(entry.sinceBoot.ms - ms, end);
      ms = entry.sinceBoot.ms;
    }
    if (entry.key !== null) {
      flags |= flag.key;
      end = putText(entry.key, end);
    }
    if (entry.detail !== null) {
      flags |= flag.detail;
      end = putText(JSON.stringify(entry.detail), end);
    }
    if (entry.mayRepeat !== undefined) {
      flags |= flag.mayRepeat;
      room(end, entry_bytes_max);
      end = putWhole(entry.mayRepeat[0], end);
      end = putWhole(entry.mayRepeat[1], end);
    }
    scratch[flagsAt] = flags;
  }
  const head = Buffer.from(JSON.stringify(table.rows), "utf8");
  const bytes = Buffer.allocUnsafe(headBytes + head.length + end);
  bytes[0] = bytesVersion;
  bytes.writeUInt32LE(head.length, 1);
  head.copy(bytes, headBytes);
  scratch.copy(bytes, headBytes + head.length, 0, end);
  return bytes;
}

function putText(text: string, at: number): number {
  room(at, entry_bytes_max + 3 * text.length);
  // most are short and plain
  if (text.length < 32) {
    let end = putWhole(text.length, at);
    let index = 0;
    for (; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) break;
      scratch[end++] = unit;
    }
    if (index === text.length) return end;
  }
  const end = putWhole(Buffer.byteLength(text, "utf8"), at);
  return end + scratch.write(text, end, "utf8");
}

/** Throws `RangeError`, `SyntaxError` or GengfuError `data_damaged` for what `encodeEntries` did not write. */
export function decodeEntries(body: Uint8Array): EdgeEntry[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const start = headBytes + bytes.readUInt32LE(1);
  if (start > bytes.length) throw damaged();
  const table = JSON.parse(bytes.toString("utf8", headBytes, start)) as Series[];
  let next = start;
  const whole = (): number => {
    let folded = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes.readUInt8(next++);
      folded += (byte & 0x7f) * factor;
      if (byte < 0x80) return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
      factor *= 128;
    }
  };
  const double = (): number => {
    next += 8;
    return bytes.readDoubleLE(next - 8);
  };
  const text = (): string => {
    const length = whole();
    if (length < 0 || next + length > bytes.length) throw damaged();
    next += length;
    return bytes.toString("utf8", next - length, next);
  };
  const entries: EdgeEntry[] = [];
  let at = 0;
  let ms = 0;
  while (next < bytes.length) {
    const flags = bytes.readUInt8(next++);
    const series = table[whole()];
    if (series === undefined) throw damaged();
    const [device, kind, channel, clock, boot] = series;
    const isExact = (flags & flag.doubles) !== 0;
    const measured = isExact ? double() : at + whole();
    const receivedAt = isExact ? double() : measured + whole();
    if (!isExact) at = measured;
    let value: number | null = null;
    if ((flags & flag.value) !== 0) value = (flags & flag.hundredths) !== 0 ? whole() / 100 : double();
    if (boot !== null) ms += whole();
    const key = (flags & flag.key) === 0 ? null : text();
    const detail = (flags & flag.detail) === 0 ? null : (JSON.parse(text()) as Detail);
    const entry: EdgeEntry = { device, kind, channel, at: measured, receivedAt, clock, value, detail, key };
    const hasMore = boot !== null || (flags & flag.mayRepeat) !== 0;
    entries.push(
      !hasMore
        ? entry
        : {
            ...entry,
            ...(boot === null ? {} : { sinceBoot: { boot, ms } }),
            ...((flags & flag.mayRepeat) === 0 ? {} : { mayRepeat: [whole(), whole()] }),
          },
    );
  }
  return entries;
}

function damaged(): GengfuError {
  return new GengfuError("data_damaged", "a block of the log can't be decoded");
}
