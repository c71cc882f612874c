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
  /** `boot` and `ms`, only while the gateway's time was unsure. */
  ...sinceBoot: number[],
];

/** Version 1 had no `sinceBoot`. */
interface Body {
  readonly version: 1 | 2;
  readonly rows: readonly Row[];
}

/** Entries as JSON rows: quick to write, since it happens while a device waits for its acknowledgement. */
export const edgeEntryCodec: BlockCodec<EdgeEntry> = {
  encode(entries) {
    const rows = entries.map((entry) => {
      const { device, kind, channel, at, receivedAt, clock, value, detail, key, sinceBoot } = entry;
      const row: Row = [device, kind, channel, at, receivedAt - at, clock, value, detail, key];
      if (sinceBoot !== undefined) row.push(sinceBoot.boot, sinceBoot.ms);
      return row;
    });
    return Buffer.from(JSON.stringify({ version: 2, rows } satisfies Body), "utf8");
  },
  decode(body) {
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
  },
};
