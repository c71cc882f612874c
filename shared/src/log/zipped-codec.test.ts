import { expect, test } from "vitest";
import { jsonCodec } from "./json-codec.ts";
import { zippedCodec } from "./zipped-codec.ts";

const plain = jsonCodec<{ n: number; text: string }>();
const zipped = zippedCodec(plain);
const entries = (count: number) => Array.from({ length: count }, (_, n) => ({ n, text: "how full the tank is" }));

test("large blocks become much smaller, small ones stay as they are, and all are read", () => {
  for (const count of [0, 1, 100, 4_096]) {
    const body = zipped.encode(entries(count));
    expect(zipped.decode(body)).toEqual(entries(count));
    if (count < 4_096) expect(body).toEqual(plain.encode(entries(count)));
    else expect(body.length * 5).toBeLessThan(plain.encode(entries(count)).length);
  }
});

test("blocks from before are read", () => {
  expect(zipped.decode(plain.encode(entries(4_096)))).toEqual(entries(4_096));
});
