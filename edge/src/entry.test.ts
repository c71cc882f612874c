import { expect, it } from "vitest";
import { edgeEntryCodec, type EdgeEntry } from "./entry.ts";

it("brings entries back as they were", () => {
  const entries: EdgeEntry[] = [
    {
      device: "tank",
      kind: "level",
      channel: null,
      at: 5,
      receivedAt: 9,
      clock: "device",
      value: 1.25,
      detail: null,
      key: "1.2",
    },
    {
      device: "reader",
      kind: "tap",
      channel: "a",
      at: 1_780_000_000_000,
      receivedAt: 1_780_000_000_000,
      clock: "unsynchronised",
      value: null,
      detail: { card: "04A1", guard: "张伟" },
      key: null,
      sinceBoot: { boot: 281_474_976_710_655, ms: 4_711 },
    },
  ];
  expect(edgeEntryCodec.decode(edgeEntryCodec.encode(entries))).toEqual(entries);
  expect(edgeEntryCodec.decode(edgeEntryCodec.encode([]))).toEqual([]);
});

it("reads what earlier versions wrote", () => {
  const written = '{"version":1,"rows":[["tank","level",null,5,4,"device",1.25,null,"1.2"]]}';
  expect(edgeEntryCodec.decode(Buffer.from(written))).toMatchObject([{ device: "tank", receivedAt: 9, key: "1.2" }]);
});
