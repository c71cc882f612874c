import { z } from "zod";
import type { Interval } from "../intervals.ts";
import { GengfuError } from "../errors.ts";
import { packedNumbers, packNumbers, unpackNumbers } from "./columns.ts";

/**
 * What a second delivery of the same publish is known by. It goes with readings of which there may be two, since a
 * gateway that dies forgets what it had only in memory, and then takes the repeat for new.
 */
export interface RepeatKey {
  /** `boot.seq` of the publish, or how MQTT names the delivery. */
  readonly key: string;
  /** Seqs that the gateway forgot when it died: the reading may repeat one of them. Null where it can't. */
  readonly mayRepeat: Interval | null;
}

export interface MayHaveKey {
  readonly repeat?: RepeatKey;
}

/** Characters of a key at most. */
export const keyChars_max = 256;

/** Keys of one series: boots and seqs as numbers, or as they are. */
export const packedKeys = z.union([
  z.strictObject({ b: packedNumbers, s: packedNumbers }),
  z.strictObject({ p: z.array(z.string().max(keyChars_max)).max(10_000) }),
]);
export type PackedKeys = z.output<typeof packedKeys>;

export function packKeys(keys: readonly string[]): PackedKeys {
  const boots: number[] = [];
  const seqs: number[] = [];
  for (const key of keys) {
    const [boot, seq] = key.split(".").map(Number);
    if (boot === undefined || seq === undefined || sequenceKey(boot, seq) !== key) return { p: [...keys] };
    boots.push(boot);
    seqs.push(seq);
  }
  return { b: packNumbers(boots), s: packNumbers(seqs) };
}

/** Throws GengfuError `batch_malformed` where there are not as many as there must be. */
export function unpackKeys(packed: PackedKeys, count: number): string[] {
  if ("p" in packed) {
    if (packed.p.length === count) return packed.p;
  } else {
    const boots = unpackNumbers(packed.b, count);
    const seqs = unpackNumbers(packed.s, count);
    if (boots.length === count && seqs.length === count) {
      return boots.map((boot, index) => sequenceKey(boot, seqs[index]));
    }
  }
  throw new GengfuError("batch_malformed", "a batch can't be decoded: keys that are not as many as the readings");
}

/** The key of a publish that has `boot` and `seq`. */
export function sequenceKey(boot: number | null, seq: number | null | undefined): string {
  return `${boot}.${seq}`;
}
