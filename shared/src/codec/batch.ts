import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { GengfuError, messageOf } from "../errors.ts";
import type { LogRun } from "../log/log.ts";
import type { Detail, NumberedReading, StoredReading } from "../model/reading.ts";
import { packNumbers, unpackNumbers } from "./columns.ts";
import { batchFrame, type SeriesColumns } from "./frame.ts";
import { packKeys, unpackKeys, type MayHaveKey } from "./repeat-key.ts";

/**
 * A batch on the uplink: a byte for the version, a byte for the packing (0 plain, 1 zstd), then JSON in columns. Each
 * series (device, kind, channel, clock, boot) stands once with its numbers as deltas, so that what repeats costs nothing.
 *
 * Version 2 has keys that repeats are known by; without any a batch is still of version 1.
 */
const versions = { plain: 1, keyed: 2 } as const;
const packing = { plain: 0, zstd: 1 } as const;
/** Below this zstd's own frame outweighs what it saves. */
const compressFrom_bytes = 160;

export interface BatchHeader {
  readonly gateway: string;
  readonly epoch: number;
  /** Whether it is from a backlog, which newer readings overtake; not unless given. */
  readonly backlog?: boolean;
  /** The run of the gateway's log that all readings of the batch belong to, if it has runs. */
  readonly run?: LogRun | undefined;
}

export interface BatchLimits {
  /** Readings in a batch at most. */
  readonly readings_max?: number;
  /** Bytes of its JSON at most, before packing. */
  readonly bytes_max?: number;
}

/** A reading as batches carry it. */
export type BatchReading = NumberedReading & MayHaveKey;
/** The same as the cloud has it. */
export type StoredBatchReading = StoredReading & MayHaveKey;

export interface Batch extends BatchHeader {
  readonly backlog: boolean;
  readonly run: LogRun | undefined;
  /** In the order of their seq. */
  readonly readings: StoredBatchReading[];
}

export const batchLimits = { readings_max: 10_000, bytes_max: 16 * 1024 * 1024 } as const;

/** Encodes readings of one gateway and epoch; their order does not matter. */
export function encodeBatch(header: BatchHeader, readings: readonly BatchReading[]): Uint8Array {
  const { gateway, epoch, backlog = false, run } = header;
  const groups = new Map<string, BatchReading[]>();
  let version: number = versions.plain;
  for (const reading of readings) {
    let key = `${reading.device}\n${reading.kind}\n${reading.channel ?? ""}\n${reading.clock}\n${reading.sinceBoot?.boot ?? ""}`;
    if (reading.repeat !== undefined) {
      key += `\n${reading.repeat.mayRepeat?.join() ?? ""}`;
      version = versions.keyed;
    }
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [reading]);
    else group.push(reading);
  }
  const seq = readings.reduce((least, reading) => Math.min(least, reading.seq), Infinity);
  const at = readings[0]?.at ?? 0;
  const frame = {
    g: gateway,
    e: epoch,
    q: Number.isFinite(seq) ? seq : 0,
    t: at,
    ...(backlog ? { b: 1 } : {}),
    ...(run === undefined ? {} : { u: [run.id, run.first, run.parent] }),
    s: [...groups.values()].map((group) => columnsOf(group, seq, at)),
  };
  const plain = Buffer.from(JSON.stringify(frame), "utf8");
  if (plain.length < compressFrom_bytes) return Buffer.concat([Buffer.from([version, packing.plain]), plain]);
  const packed = zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 6 } });
  return Buffer.concat([Buffer.from([version, packing.zstd]), packed]);
}

function columnsOf(group: readonly BatchReading[], seq: number, at: number): SeriesColumns {
  const first = group[0] as BatchReading;
  const details = group.map((reading) => reading.detail);
  return {
    d: first.device,
    k: first.kind,
    ...(first.channel === null ? {} : { c: first.channel }),
    ...(first.clock === "synchronised" ? {} : { x: first.clock }),
    q: packNumbers(group.map((reading) => reading.seq - seq)),
    t: packNumbers(group.map((reading) => reading.at - at)),
    r: packNumbers(
      group.map((reading) => reading.receivedAt - reading.at),
      { differences: false },
    ),
    ...(first.sinceBoot === undefined
      ? {}
      : {
          u: {
            b: first.sinceBoot.boot,
            o: packNumbers(group.map((reading) => reading.receivedAt - (reading.sinceBoot?.ms ?? 0))),
          },
        }),
    ...(group.every((reading) => reading.value === null)
      ? {}
      : { v: packNumbers(group.map((reading) => reading.value)) }),
    ...(details.every((detail) => detail === null)
      ? {}
      : { o: details as (Record<string, string | number | boolean> | null)[] }),
    ...(first.repeat === undefined ? {} : { w: packKeys(group.map(({ repeat }) => repeat?.key ?? "")) }),
    ...(first.repeat?.mayRepeat == null ? {} : { y: [...first.repeat.mayRepeat] }),
  };
}

/**
 * Decodes what `encodeBatch` made. Whatever else it is given ends in `GengfuError` `batch_malformed` or
 * `batch_unsupported_version`, within the limits in time and memory.
 */
export function decodeBatch(bytes: Uint8Array, limits: BatchLimits = {}): Batch {
  if (bytes[0] !== versions.plain && bytes[0] !== versions.keyed) {
    throw new GengfuError(
      "batch_unsupported_version",
      `a batch of version ${bytes[0] ?? "none"}; this side knows ${Object.values(versions).join(" and ")}`,
    );
  }
  const {
    g: gateway,
    e: epoch,
    q: seq,
    t: at,
    b: backlog,
    u: ran,
    s: series,
  } = parseFrame(bytes, limits.bytes_max ?? batchLimits.bytes_max);
  const readings_max = limits.readings_max ?? batchLimits.readings_max;
  const readings: StoredBatchReading[] = [];
  for (const columns of series) {
    const seqs = unpackNumbers(columns.q, readings_max);
    const count = seqs.length;
    if (readings.length + count > readings_max) throw malformed(`more than ${readings_max} readings`);
    const ats = unpackNumbers(columns.t, count);
    const delays = unpackNumbers(columns.r, count);
    const values = columns.v === undefined ? undefined : unpackNumbers(columns.v, count);
    const boot = columns.u?.b;
    const offsets = columns.u === undefined ? undefined : unpackNumbers(columns.u.o, count);
    const details = columns.o;
    const keys = columns.w === undefined ? undefined : unpackKeys(columns.w, count);
    const mayRepeat = columns.y ?? null;
    for (const column of [ats, delays, offsets, values, details]) {
      if (column !== undefined && column.length !== count) throw malformed("columns of different lengths");
    }
    const { d: device, k: kind, c: channel = null, x: clock = "synchronised" } = columns;
    for (let index = 0; index < count; index++) {
      const measured = at + whole(ats[index]);
      const receivedAt = measured + whole(delays[index]);
      readings.push({
        gateway,
        epoch,
        seq: positive(seq + whole(seqs[index])),
        device,
        kind,
        channel,
        at: measured,
        receivedAt,
        clock,
        ...(boot === undefined ? {} : { sinceBoot: { boot, ms: receivedAt - whole(offsets?.[index]) } }),
        value: values?.[index] ?? null,
        detail: (details?.[index] as Detail | null | undefined) ?? null,
        ...(keys === undefined ? {} : { repeat: { key: keys[index] as string, mayRepeat } }),
      });
    }
  }
  readings.sort((a, b) => a.seq - b.seq);
  for (let index = 1; index < readings.length; index++) {
    if ((readings[index] as StoredReading).seq === (readings[index - 1] as StoredReading).seq)
      throw malformed("a seq twice");
  }
  const run = ran === undefined ? undefined : { id: ran[0], first: ran[1], parent: ran[2] };
  if (run !== undefined && (readings[0]?.seq ?? Infinity) < run.first) throw malformed("a seq before its run");
  return { gateway, epoch, backlog: backlog !== undefined, run, readings };
}

function parseFrame(bytes: Uint8Array, bytes_max: number) {
  let raw: unknown;
  try {
    const body = bytes.subarray(2);
    if (body.length > bytes_max) throw new Error(`more than ${bytes_max} bytes`);
    if (bytes[1] !== packing.plain && bytes[1] !== packing.zstd) throw new Error(`unknown packing ${bytes[1]}`);
    const plain = bytes[1] === packing.plain ? body : zstdDecompressSync(body, { maxOutputLength: bytes_max });
    raw = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plain));
  } catch (error) {
    throw malformed(messageOf(error), error);
  }
  const frame = batchFrame.safeParse(raw);
  if (!frame.success) throw malformed(frame.error.issues[0]?.message ?? "not a frame", frame.error);
  return frame.data;
}

function whole(value: number | null | undefined): number {
  if (!Number.isSafeInteger(value)) throw malformed("a number that must be whole");
  return value as number;
}

function positive(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw malformed("a seq that is none");
  return value;
}

function malformed(reason: string, cause?: unknown): GengfuError {
  return new GengfuError("batch_malformed", `a batch can't be decoded: ${reason}`, { cause });
}
