import { checksum, data_bytes_max, empty_bytes, end, frameAt, header_bytes, start, type Frame } from "./frame.ts";

export type Parsed =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** Looks like a frame and has a wrong checksum: to be denied. */
  | { readonly kind: "damaged"; readonly frame: Frame }
  /** Data beyond what a frame may have: its length is not to be believed. */
  | { readonly kind: "too_long" };

export interface ParserStats {
  /** Bytes that belonged to no good frame. */
  readonly skipped: number;
}

type Candidate = "none" | "partial" | "too_long" | "broken" | "damaged" | "whole";

/**
 * Finds frames in a stream that is cut anywhere and may hold anything. What is no frame is skipped byte by byte, so that
 * no false start swallows a good frame behind it; a good frame is found though a false start before it still waits for
 * its rest. Keeps less than one frame between two pushes.
 */
export class FrameParser {
  #rest: Uint8Array = new Uint8Array();
  #skipped = 0;

  stats(): ParserStats {
    return { skipped: this.#skipped };
  }

  /** Bytes that wait for what follows on them. */
  get waiting(): number {
    return this.#rest.length;
  }

  push(chunk: Uint8Array): Parsed[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const found: Parsed[] = [];
    let done = 0;
    let pending: number | undefined;
    let at = nextStart(bytes, 0);
    while (at < bytes.length) {
      const what = candidateAt(bytes, at);
      if (what === "whole") {
        found.push({ kind: "frame", frame: frameAt(bytes, at) });
        this.#skipped += at - done;
        done = at + lengthAt(bytes, at);
        pending = undefined;
        at = nextStart(bytes, done);
        continue;
      }
      if (pending === undefined) {
        // behind one that is pending it will be looked at again
        if (what === "too_long") found.push({ kind: "too_long" });
        if (what === "damaged") found.push({ kind: "damaged", frame: frameAt(bytes, at) });
        if (what === "partial") pending = at;
      }
      at = nextStart(bytes, at + 1);
    }
    const kept = pending ?? bytes.length;
    this.#skipped += kept - done;
    this.#rest = new Uint8Array(bytes.subarray(kept));
    return found;
  }
}

/** Where the next start may be, or the length where there is none. */
function nextStart(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(start, from);
  return at === -1 ? bytes.length : at;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return empty_bytes + (bytes[at + 24] as number) + 256 * (bytes[at + 25] as number);
}

function candidateAt(bytes: Uint8Array, at: number): Candidate {
  if (at + 1 < bytes.length && bytes[at + 1] !== start) return "none";
  if (at + header_bytes > bytes.length) return "partial";
  const length = lengthAt(bytes, at);
  if (length > empty_bytes + data_bytes_max) return "too_long";
  const checked = at + length - 3;
  if (at + length > bytes.length) return "partial";
  if (bytes[checked + 1] !== end || bytes[checked + 2] !== end) return "broken";
  return checksum(bytes, at + 2, checked) === bytes[checked] ? "whole" : "damaged";
}
