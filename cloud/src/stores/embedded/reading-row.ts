import { clockQualities, type Detail, type StoredReading } from "@gengfu/shared/model/reading";
import type { Series } from "./series-index.ts";

/** A row of the table of readings; the series tells the rest. */
export type ReadingRecord = {
  readonly at: number;
  readonly epoch: number;
  readonly seq: number;
  readonly received_at: number;
  readonly clock: number;
  readonly value: number | null;
  readonly detail: string | null;
};

export const columns = "at, epoch, seq, received_at, clock, value, detail";

export const insertReading = `INSERT INTO reading (series, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

/** What `insertReading` takes. */
export function valuesOf(series: Series, reading: StoredReading) {
  return [
    series.id,
    reading.at,
    reading.epoch,
    reading.seq,
    reading.receivedAt,
    clockQualities.indexOf(reading.clock),
    reading.value,
    reading.detail === null ? null : JSON.stringify(reading.detail),
  ] as const;
}

export function readingOf({ gateway, device, kind, channel }: Series, row: ReadingRecord): StoredReading {
  return {
    gateway,
    epoch: row.epoch,
    seq: row.seq,
    device,
    kind,
    channel,
    at: row.at,
    receivedAt: row.received_at,
    clock: clockQualities[row.clock] ?? "unsynchronised",
    value: row.value,
    detail: row.detail === null ? null : (JSON.parse(row.detail) as Detail),
  };
}
