import type { BlockCodec } from "./log.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Entries as one JSON array: quick to make, for a log whose entries are few and plain. */
export function jsonCodec<Entry>(): BlockCodec<Entry> {
  return {
    encode: (entries) => encoder.encode(JSON.stringify(entries)),
    decode: (body) => JSON.parse(decoder.decode(body)) as Entry[],
  };
}
