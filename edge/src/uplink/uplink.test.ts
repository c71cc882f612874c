import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { expect, it } from "vitest";
import { FakeLink, quietStatus, quietTime } from "../testing/fake-link.ts";
import { readingWith } from "../testing/reading-with.ts";
import type { CloudLink } from "./cloud-link.ts";
import { Uplink } from "./uplink.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("tries again, ever more slowly, until a connection has brought something over", async () => {
  const clock = new ManualClock();
  const log = memoryLog<Reading>();
  const dials: { at: number; answer: PromiseWithResolvers<CloudLink> }[] = [];
  const uplink = new Uplink({
    log,
    gateway: "gate",
    linger_ms: 0,
    acknowledge_timeout_ms: 30_000,
    heartbeat_ms: 600_000,
    status: () => quietStatus,
    time: quietTime,
    dial: () => {
      const answer = Promise.withResolvers<CloudLink>();
      dials.push({ at: clock.monotonic(), answer });
      return answer.promise;
    },
    random: () => 0,
    clock,
    logger: silentLogger,
  });
  const stop = new AbortController();
  const running = uplink.run(stop.signal);
  const newest = () => dials.at(-1)?.answer;
  while (dials.length < 5) {
    newest()?.reject(new Error("connection refused"));
    await turn();
    for (const before = dials.length; dials.length === before; await turn()) clock.advance(100);
  }
  expect(dials.map(({ at }) => at)).toEqual([0, 200, 600, 1_400, 3_000]);

  const link = new FakeLink();
  newest()?.resolve(link);
  await turn();
  expect(uplink.isConnected).toBe(true);
  await log.append("events", [readingWith({ kind: "contact" })]);
  await turn();
  link.sent[0]?.acknowledge();
  link.lose("gone");
  await turn();
  expect(uplink.isConnected).toBe(false);
  clock.advance(200);
  await turn();
  expect(dials).toHaveLength(6);
  stop.abort();
  newest()?.reject(new Error("no longer wanted"));
  await running;
});

it("begins with smaller batches after a connection over which nothing was acknowledged", async () => {
  const clock = new ManualClock();
  const log = memoryLog<Reading>();
  await log.append(
    "samples",
    Array.from({ length: 1_000 }, () => readingWith()),
  );
  const links: FakeLink[] = [];
  const uplink = new Uplink({
    log,
    gateway: "gate",
    linger_ms: 0,
    acknowledge_timeout_ms: 5_000,
    heartbeat_ms: 600_000,
    status: () => quietStatus,
    time: quietTime,
    dial: async () => {
      const link = new FakeLink();
      links.push(link);
      return link;
    },
    random: () => 0,
    clock,
    logger: silentLogger,
  });
  const stop = new AbortController();
  const running = uplink.run(stop.signal);
  const next = async (): Promise<void> => {
    for (const before = links.length; links.length === before; await turn()) clock.advance(100);
    await turn();
  };
  await turn();
  for (let connection = 1; connection < 5; connection++) await next();
  links.at(-1)?.sent[0]?.acknowledge();
  await turn();
  await next();
  expect(links.map(({ sent }) => sent[0]?.readings.length)).toEqual([250, 125, 62, 50, 50, 250]);
  stop.abort();
  await running;
});
