import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { BlockCodec } from "./log.ts";

/** From this size on a block is worth its compression: what a turn of the event loop brings mostly stays below. */
const from_bytes = 16 * 1024;
/** How a frame of zstd begins (RFC 8878, 3.1.1). */
const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;
const fastest = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** A codec whose large blocks are compressed. The bodies of `plain` must not begin as a frame of zstd does. */
export function zippedCodec<Entry>(plain: BlockCodec<Entry>): BlockCodec<Entry> {
  return {
    encode(entries) {
      const body = plain.encode(entries);
      return body.length < from_bytes ? body : zstdCompressSync(body, fastest);
    },
    decode: (body) =>
      plain.decode(magic.every((byte, index) => body[index] === byte) ? zstdDecompressSync(body) : body),
  };
}
