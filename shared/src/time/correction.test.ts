import { expect, it } from "vitest";
import type { Reading } from "../model/reading.ts";
import { bootTimeOf, correct } from "./correction.ts";

const boot = 7;
const offset_ms = 1_780_000_000_000;
const unsure: Reading = {
  device: "tank",
  kind: "level",
  channel: null,
  at: 946_684_805_000,
  receivedAt: 946_684_806_000,
  clock: "unsynchronised",
  sinceBoot: { boot, ms: 9_000 },
  value: 1,
  detail: null,
};
const { sinceBoot: _, ...plain } = unsure;
const received = offset_ms + 9_000;

it.each([
  ["moves what was unsure, and keeps how old it was", {}, { at: received - 1_000, clock: "corrected" }],
  [
    "moves what was taken for right and is not",
    { clock: "synchronised" },
    { at: received - 1_000, clock: "corrected" },
  ],
  ["keeps what the device said", { clock: "device", at: 5 }, { at: 5, clock: "device" }],
] as const)("%s", (_name, given, expected) => {
  expect(correct({ ...unsure, ...given }, offset_ms)).toEqual({ ...plain, ...expected, receivedAt: received });
});

it("leaves what proves right as it is, and what was sure", () => {
  const right = { ...unsure, clock: "synchronised", receivedAt: received - 1_999, at: received - 1_999 } as const;
  const { sinceBoot: _sinceBoot, ...sure } = right;
  expect(correct(right, offset_ms)).toEqual(sure);
  expect(correct(plain, offset_ms)).toBe(plain);
});

it("calls corrected what was unsure, even if it was right", () => {
  expect(correct({ ...unsure, receivedAt: received }, offset_ms).clock).toBe("corrected");
});

it("reads the time of a boot from whole numbers of a clock reading only", () => {
  const record = { kind: "clock", detail: { boot, offset_ms } } as const;
  expect(bootTimeOf(record)).toEqual({ boot, offset_ms });
  expect(bootTimeOf({ ...record, kind: "gap" })).toBeUndefined();
  expect(bootTimeOf({ ...record, detail: null })).toBeUndefined();
  expect(bootTimeOf({ ...record, detail: { boot, offset_ms: 0.5 } })).toBeUndefined();
  expect(bootTimeOf({ ...record, detail: { boot: "7", offset_ms } })).toBeUndefined();
});
