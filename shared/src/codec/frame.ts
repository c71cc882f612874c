import { z } from "zod";
import { identifier } from "../model/identifier.ts";
import { clockQualities, kinds } from "../model/reading.ts";
import { packedNumbers } from "./columns.ts";
import { packedKeys } from "./repeat-key.ts";

const detailValue = z.union([z.string().max(8_192), z.number(), z.boolean()]);
const detail = z
  .record(z.string().max(32), detailValue)
  .refine((value) => Object.keys(value).length <= 16, "a detail of at most 16 keys");

const runId = z.string().min(1).max(32);

/** One series of a batch; the keys are short because they stand in every batch. */
const seriesColumns = z.strictObject({
  /** device */ d: identifier,
  /** kind */ k: z.enum(kinds),
  /** channel */ c: identifier.optional(),
  /** clock, unless synchronised */ x: z.enum(clockQualities).optional(),
  /** seq behind the frame's */ q: packedNumbers,
  /** at behind the frame's */ t: packedNumbers,
  /** receivedAt behind at */ r: packedNumbers,
  /** of an unsure time: the gateway's boot, and receivedAt behind the machine's time since then */
  u: z.strictObject({ b: z.int().nonnegative(), o: packedNumbers }).optional(),
  /** values */ v: packedNumbers.optional(),
  /** details */ o: z.array(detail.nullable()).max(10_000).optional(),
  /** keys that repeats are known by; from version 2 on */ w: packedKeys.optional(),
  /** what they may repeat: seqs, both ends included; from version 2 on */
  y: z.tuple([z.int().positive(), z.int().positive()]).optional(),
});
export type SeriesColumns = z.input<typeof seriesColumns>;

export const batchFrame = z.strictObject({
  /** gateway */ g: identifier,
  /** epoch */ e: z.int().nonnegative(),
  /** least seq */ q: z.int().nonnegative(),
  /** time that the others count from */ t: z.int(),
  /** from a backlog: newer readings went before it */ b: z.literal(1).optional(),
  /** run of the gateway's log: id, first seq, id of the run before it */
  u: z.tuple([runId, z.int().positive(), runId.nullable()]).optional(),
  s: z.array(seriesColumns).max(10_000),
});
