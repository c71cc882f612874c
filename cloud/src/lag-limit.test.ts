import type { LogStats } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { expect, test } from "vitest";
import { testReading } from "./api/fixture.ts";
import { LagLimit } from "./lag-limit.ts";

async function filled(bytes: number) {
  const log = memoryLog<StoredReading>();
  for (let index = 0; index < 10; index++) await log.append("samples", [testReading("level", "tank", index)]);
  await log.append("events", [testReading("contact", "fire-panel", 10)]);
  const stats = (): LogStats => ({
    entries: 11,
    bytes,
    dropped: 0,
    commits: 11,
    waiting: 0,
    written_bytes: 0,
    trouble: null,
  });
  const options = { consumer: "influx", bytes_max: 1_000, clock: new ManualClock(), logger: silentLogger };
  const whole = Object.assign(log, { stats });
  return { log, limit: new LagLimit({ log: whole, ...options }) };
}

test("a consumer keeps its claim while there is room", async () => {
  const { log, limit } = await filled(800);
  limit.check();
  expect(limit.skipped).toBe(0);
  expect(log.backlog("influx")).toEqual({ events: 1, samples: 10 });
});

test("when the log fills it loses its claim on the older half, which is counted", async () => {
  const { log, limit } = await filled(801);
  limit.check();
  expect(log.backlog("influx")).toEqual({ events: 1, samples: 4 });
  expect(limit.skipped).toBe(6);
});

test("a consumer that is not behind loses nothing", async () => {
  const { log, limit } = await filled(900);
  log.commit("influx", "samples", 10);
  log.commit("influx", "events", 11);
  limit.check();
  expect(limit.skipped).toBe(0);
});
