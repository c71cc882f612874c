import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "@gengfu/shared/logging";
import { BatchQuarantine } from "./batch-quarantine.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "gengfu-quarantine-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const open = (bounds = { batches: 3, bytes: 1_000 }): BatchQuarantine =>
  new BatchQuarantine(join(folder, "quarantine.sqlite"), silentLogger, bounds);
const batch = (at: number, bytes = 10) => ({
  at,
  gateway: "g",
  topic: "gengfu/uplink/v1/g/samples",
  code: "batch_malformed",
  message: "not a frame",
  body: new Uint8Array(bytes).fill(at),
});

it("keeps batches whole over a restart, newest first", () => {
  const first = open();
  first.add(batch(1));
  first.add(batch(2));
  first.close();
  const second = open();
  expect(second.list(10)).toEqual([
    { id: 2, ...batch(2) },
    { id: 1, ...batch(1) },
  ]);
  expect(second.list(1)).toHaveLength(1);
  second.close();
});

it("drops the oldest at the bound in batches, also of those that were there at the start", () => {
  const first = open();
  for (const at of [1, 2]) first.add(batch(at));
  first.close();
  const quarantine = open();
  for (const at of [3, 4, 5]) quarantine.add(batch(at));
  expect(quarantine.list(10).map(({ at }) => at)).toEqual([5, 4, 3]);
  expect(quarantine.dropped).toBe(2);
  quarantine.close();
});

it("drops the oldest at the bound in bytes, but never the newest", () => {
  const quarantine = open();
  quarantine.add(batch(1, 600));
  quarantine.add(batch(2, 600));
  expect(quarantine.list(10).map(({ at }) => at)).toEqual([2]);
  quarantine.add(batch(3, 5_000));
  expect(quarantine.list(10).map(({ at }) => at)).toEqual([3]);
  expect(quarantine.dropped).toBe(2);
  quarantine.close();
});
