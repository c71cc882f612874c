import { strict as assert } from "node:assert";
import { decodeBatch, encodeBatch } from "@gengfu/shared/codec/batch";
import type { BlockCodec } from "@gengfu/shared/log/log";
import type { StoredReading } from "@gengfu/shared/model/reading";

/**
 * The cloud's log keeps batches as they came. All entries of a block are of one gateway and epoch, since the ingress
 * appends batches with their bytes and the log never puts such together.
 */
export const cloudBlockCodec: BlockCodec<StoredReading> = {
  encode(entries) {
    const first = entries[0];
    assert(first !== undefined, "a block has entries");
    const { gateway, epoch } = first;
    assert(
      entries.every((entry) => entry.gateway === gateway && entry.epoch === epoch),
      "a block is of one gateway and epoch",
    );
    return encodeBatch({ gateway, epoch }, entries);
  },
  decode: (body) => decodeBatch(body).readings,
};
