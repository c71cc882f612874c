import { existsSync } from "node:fs";
import { GengfuError } from "@gengfu/shared/errors";
import { silentLogger } from "@gengfu/shared/logging";
import { clockQualities, kinds, type StoredReading } from "@gengfu/shared/model/reading";
import { systemClock } from "@gengfu/shared/time/clock";
import { z } from "zod";
import { openEmbeddedStore } from "../stores/embedded/embedded-store.ts";
import { readingsLimit, type ReadingRow } from "../stores/store.ts";

/** So much is asked for at a time, and less where that is too much for one answer. */
const slice_ms = 6 * 3_600_000;

/** Where recorded readings are had from. Newest first, no more than the limit. */
export interface Recording {
  readings(query: { readonly from?: number; readonly to?: number; readonly limit: number }): Promise<ReadingRow[]>;
  close(): Promise<void>;
}

/** The embedded store of a cloud that does not run now; throws GengfuError `data_in_use` where it does. */
export function openStoreRecording(file: string): Recording {
  if (!existsSync(file)) throw new GengfuError("store_unavailable", `there is no store ${file}`);
  try {
    return openEmbeddedStore({ file, clock: systemClock, logger: silentLogger });
  } catch (error) {
    if (!(error instanceof GengfuError) || error.code !== "data_in_use") throw error;
    const message = `${file} belongs to a cloud that runs: ask it, by --api URL --token TOKEN, or stop it first`;
    throw new GengfuError("data_in_use", message, { cause: error });
  }
}

const answer = z.object({
  readings: z.array(
    z.object({
      gateway: z.string(),
      seq: z.int(),
      device: z.string(),
      kind: z.enum(kinds),
      channel: z.string().nullable(),
      at: z.int(),
      receivedAt: z.int().nullish(),
      clock: z.enum(clockQualities).nullish(),
      value: z.number().nullable(),
    }),
  ),
});

/** The API of a cloud that runs, `http://host:port`. Throws GengfuError `store_unavailable` where it does not answer. */
export function openApiRecording(url: string, token: string): Recording {
  return {
    async readings(query) {
      const asked = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
      const from = new URL(`/api/v1/readings?${asked.toString()}`, url);
      const response = await fetch(from, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new GengfuError("store_unavailable", `${url} answered ${response.status}`);
      const { readings } = answer.parse(await response.json());
      return readings.map(({ receivedAt = null, clock = null, ...row }) => ({
        ...row,
        receivedAt,
        clock,
        epoch: null,
        detail: null,
      }));
    },
    async close() {},
  };
}

/** Epoch milliseconds of the newest reading; undefined where there is none. */
export async function newestIn(recording: Recording): Promise<number | undefined> {
  return (await recording.readings({ limit: 1 }))[0]?.at;
}

/** The readings from `from` to before `to`, in the order of their times. */
export async function* readingsIn(recording: Recording, from: number, to: number): AsyncGenerator<StoredReading> {
  for (let begin = from, span = slice_ms; begin < to;) {
    const end = Math.min(begin + span, to);
    const rows = await recording.readings({ from: begin, to: end, limit: readingsLimit.max });
    if (rows.length >= readingsLimit.max && end - begin > 1) {
      span = Math.ceil((end - begin) / 2);
      continue;
    }
    yield* rows.map(readingOf).sort((a, b) => a.at - b.at || a.seq - b.seq);
    begin = end;
  }
}

function readingOf(row: ReadingRow): StoredReading {
  return { ...row, epoch: row.epoch ?? 1, receivedAt: row.receivedAt ?? row.at, clock: row.clock ?? "synchronised" };
}
