import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, expect, it } from "vitest";
import { syncFileClockQuality } from "./clock-quality.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-clock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("trusts the clock once the time service has left its file", () => {
  const clock = new ManualClock();
  const file = join(folder, "synchronized");
  const source = syncFileClockQuality(file, clock);
  expect(source.quality()).toBe("unsynchronised");
  writeFileSync(file, "");
  clock.advance(9_999);
  expect(source.quality()).toBe("unsynchronised");
  clock.advance(1);
  expect(source.quality()).toBe("synchronised");
});

it("without a file trusts a clock that has reached 2026", () => {
  const clock = new ManualClock(0);
  const source = syncFileClockQuality(undefined, clock);
  expect(source.quality()).toBe("unsynchronised");
  clock.jump(Date.UTC(2026, 0, 1));
  clock.advance(10_000);
  expect(source.quality()).toBe("synchronised");
});
