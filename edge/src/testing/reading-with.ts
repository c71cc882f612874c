import type { Reading } from "@gengfu/shared/model/reading";

/** A level of a tank, unless told otherwise. */
export function readingWith(part: Partial<Reading> = {}): Reading {
  return {
    device: "tank",
    kind: "level",
    channel: null,
    at: 5,
    receivedAt: 6,
    clock: "synchronised",
    value: 1,
    detail: null,
    ...part,
  };
}
