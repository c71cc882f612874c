/**
 * The process that crash.test.ts kills: appends for ever and says on standard output what was acknowledged. With
 * `defer` samples may wait in memory for a guarantor, and what that has is said as well, before it says so to the log.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openSqliteLog } from "./sqlite-log.ts";
import { jsonCodec } from "./json-codec.ts";
import type { Block } from "./log.ts";
import { silentLogger } from "../logging.ts";
import { systemClock } from "../time/clock.ts";

const [, , file = "", mode] = process.argv;
const isDeferring = mode === "defer";
const log = openSqliteLog<{ n: number }>({
  file,
  codec: jsonCodec(),
  clock: systemClock,
  logger: silentLogger,
  gapEntry: ({ from, to }) => ({ n: -(from * 1e6 + to) }),
  ...(isDeferring ? { deferral: { guarantor: "cloud", hold_ms: 20, write_every_ms: 60, entries_max: 300 } } : {}),
});
if (isDeferring) {
  const behind: Block<{ n: number }>[] = [];
  log.onAppend((lane, block) => {
    if (lane === "events") return;
    behind.push(block);
    if (block.first % 3 === 0) return;
    setImmediate(() => {
      for (const { first, entries } of behind.splice(0)) {
        process.stdout.write(`guaranteed ${first} ${entries.map(({ n }) => n).join()}\n`);
        log.commit("cloud", lane, first + entries.length - 1);
      }
    });
  });
}
for (let n = 0; ; n++) {
  const lane = n % (isDeferring ? 30 : 3) === 0 ? "events" : "samples";
  const size = (n % 5) + 1;
  const entries = Array.from({ length: size }, (_, index) => ({ n: n * 10 + index }));
  const appended = log
    .append(lane, entries, { mayWait: lane === "samples" })
    .then((first) => process.stdout.write(`acknowledged ${first} ${entries.map((entry) => entry.n).join()}\n`));
  if (n % 7 === 0) await appended;
  else if (isDeferring) await pause(1);
}
