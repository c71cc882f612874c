import type { Interval } from "@gengfu/shared/intervals";
import type { Reading } from "@gengfu/shared/model/reading";
import type { BlockCodec } from "@gengfu/shared/log/log";
import { bytesVersion, decodeEntries, encodeEntries } from "./entry-bytes.ts";

/** What the edge's log holds: a reading, and what a repeat of its publish is recognised by (`intake/repeat-key.ts`). */
export type EdgeEntry = Reading & {
  readonly key: string | null;
  /** Seqs that were only in memory when the process died before: this may be the repeat of one of them. */
  readonly mayRepeat?: Interval;
  /** Set where it may be sent before it is on disk, and so be forgotten; of what was read from the disk it is not. */
  readonly mayWait?: true;
};

type Row = [
  device: string,
  kind: Reading["kind"],
  channel: string | null,
  at: number,
  received: number,
  clock: Reading["clock"],
  value: number | null,
  detail: Reading["detail"],
  key: string | null,
  /** `boot` and `ms`, only while the gateway's time was unsure. */
  ...sinceBoot: number[],
];

/** Version 1 had no `sinceBoot`. */
interface Body {
  readonly version: 1 | 2;
  readonly rows: readonly Row[];
}

/** The codec of the edge's log. Earlier versions wrote JSON rows, which are still read. */
export const edgeEntryCodec: BlockCodec<EdgeEntry> = {
  encode: encodeEntries,
  decode: (body) => (body[0] === bytesVersion ? decodeEntries(body) : decodeRows(body)),
};

function decodeRows(body: Uint8Array): EdgeEntry[] {
  const { rows } = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")) as Body;
  return rows.map(([device, kind, channel, at, delay, clock, value, detail, key, boot, ms]) => ({
    device,
    kind,
    channel,
    at,
    receivedAt: at + delay,
    clock,
    value,
    detail,
    key,
    ...(boot === undefined || ms === undefined ? {} : { sinceBoot: { boot, ms } }),
  }));
}
