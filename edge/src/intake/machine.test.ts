import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { syncFile, thisMachine } from "./machine.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-clock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("hears of the time service each time that it has set the clock", () => {
  const file = join(folder, "synchronized");
  const said = syncFile(file);
  expect(said()).toBeNull();
  writeFileSync(file, "");
  utimesSync(file, 1_000, 1_000);
  expect(said()).toBe(1_000_000);
  utimesSync(file, 3_048, 3_048);
  expect(said()).toBe(3_048_000);
});

it("is the same boot to every process, and one time", () => {
  const one = thisMachine();
  const other = thisMachine();
  const before = Number(process.hrtime.bigint()) / 1e6;
  const between = one.uptime_ms();
  expect(Number.isSafeInteger(one.boot)).toBe(true);
  expect(other.boot).toBe(one.boot);
  expect(between).toBeGreaterThanOrEqual(before - 1);
  expect(Math.abs(other.uptime_ms() - between)).toBeLessThan(1_000);
});
