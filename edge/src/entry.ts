import type { Reading } from "@gengfu/shared/model/reading";
import type { BlockCodec } from "@gengfu/shared/log/log";

/** What the edge's log holds: a reading, and what a repeat of its publish is recognised by (`intake/repeat-key.ts`). */
export type EdgeEntry = Reading & { readonly key: string | null };

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
];

interface Body {
  readonly version: 1;
  readonly rows: readonly Row[];
}

/** Entries as JSON rows: quick to write, since it happens while a device waits for its acknowledgement. */
export const edgeEntryCodec: BlockCodec<EdgeEntry> = {
  encode(entries) {
    const rows: Row[] = entries.map((entry) => [
      entry.device,
      entry.kind,
      entry.channel,
      entry.at,
      entry.receivedAt - entry.at,
      entry.clock,
      entry.value,
      entry.detail,
      entry.key,
    ]);
    return Buffer.from(JSON.stringify({ version: 1, rows } satisfies Body), "utf8");
  },
  decode(body) {
    const { rows } = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")) as Body;
    return rows.map(([device, kind, channel, at, delay, clock, value, detail, key]) => ({
      device,
      kind,
      channel,
      at,
      receivedAt: at + delay,
      clock,
      value,
      detail,
      key,
    }));
  },
};
