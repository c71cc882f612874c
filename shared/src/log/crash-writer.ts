/** The process that crash.test.ts kills: appends for ever and says on standard output what became durable. */
import { openSqliteLog } from "./sqlite-log.ts";
import { jsonCodec } from "./json-codec.ts";
import { silentLogger } from "../logging.ts";
import { systemClock } from "../time/clock.ts";

const file = process.argv[2] as string;
const log = openSqliteLog<{ n: number }>({ file, codec: jsonCodec(), clock: systemClock, logger: silentLogger });
for (let n = 0; ; n++) {
  const lane = n % 3 === 0 ? "events" : "samples";
  const size = (n % 5) + 1;
  const entries = Array.from({ length: size }, (_, index) => ({ n: n * 10 + index }));
  const appended = log
    .append(lane, entries)
    .then((first) => process.stdout.write(`${lane} ${first} ${n * 10} ${size}\n`));
  if (n % 7 === 0) await appended;
}
