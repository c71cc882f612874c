import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import { ManualClock } from "../time/clock.ts";
import { jsonCodec } from "./json-codec.ts";
import { openSqliteLog, type SqliteLogOptions } from "./sqlite-log.ts";
import { zippedCodec } from "./zipped-codec.ts";

interface Sample {
  readonly device: string;
  readonly kind: string;
  readonly at: number;
  readonly receivedAt: number;
  readonly value: number;
  readonly key: string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-written-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (clock: ManualClock, options: Partial<SqliteLogOptions<Sample>>) =>
  openSqliteLog<Sample>({
    file: join(folder, "log.db"),
    codec: zippedCodec(jsonCodec()),
    clock,
    logger: silentLogger,
    consumers: ["uplink"],
    tail_entries: 20_000,
    ...options,
  });

function sample(n: number, at: number): Sample {
  const device = `sensor-${n % 50}`;
  return { device, kind: "temperature", at, receivedAt: at + (n % 7), value: 20 + (n % 313) / 100, key: `17.${n}` };
}

it("writes less than 50 MB a day for 50 sensors that report every 10 s, while the cloud answers", async () => {
  const clock = new ManualClock();
  const log = open(clock, { deferral: { guarantor: "uplink" } });
  let acknowledged = 0;
  let n = 0;
  const hours = 4;
  for (let second = 0; second < hours * 3_600; second++) {
    // five readings a second, each on its own
    for (let each = 0; each < 5; each++) {
      void log.append("samples", [sample(n++, clock.now())], { mayWait: true }).then(() => (acknowledged += 1));
      await turn();
    }
    // and now and then someone at a door
    if (second % 300 === 0) await log.append("events", [sample(n, clock.now())]);
    clock.advance(100);
    log.commit("uplink", "samples", log.last);
    log.commit("uplink", "events", log.last);
    clock.advance(900);
  }
  await turn();
  expect(acknowledged).toBe(hours * 3_600 * 5);
  const megabytesPerDay = (log.stats().written_bytes / 1e6) * (24 / hours);
  expect(megabytesPerDay).toBeGreaterThan(1);
  expect(megabytesPerDay).toBeLessThan(50);
  await log.close();
});

it("counts the bytes as the kernel does", async ({ skip }) => {
  const told = (): number => {
    try {
      return Number(/write_bytes: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
    } catch {
      return 0;
    }
  };
  const before = told();
  const log = open(new ManualClock(), {});
  for (let round = 0; round < 300; round++) {
    await log.append(
      "samples",
      Array.from({ length: round % 40 === 0 ? 4_000 : 1 }, (_, n) => sample(n, round)),
    );
  }
  const kernel_bytes = told() - before;
  // where temporary files are in memory the kernel counts nothing
  if (kernel_bytes === 0) return skip();
  expect(log.stats().written_bytes).toBeGreaterThan(0.85 * kernel_bytes);
  expect(log.stats().written_bytes).toBeLessThan(1.15 * kernel_bytes);
  await log.close();
});
