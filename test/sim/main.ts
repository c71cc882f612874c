import { parseArgs } from "node:util";
import { show, simulate } from "./simulation.ts";

const usage = `Tries to break the path of the readings, from the devices to the stores, in simulated time.

  node test/sim/main.ts [--seeds N] [--from N]   runs so many seeds, from 1 on unless told otherwise
  node test/sim/main.ts --seed N [--verbose]     runs one; --verbose prints all that happens

It ends with 1 at the first seed that violates an invariant.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "100" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  if (values.seed !== undefined) {
    const outcome = await simulate(Number(values.seed), { verbose: values.verbose });
    console.log(outcome.counts);
    console.log(show(outcome));
    process.exitCode = outcome.violation === undefined ? 0 : 1;
    return;
  }
  const counts = new Map<string, number>();
  const from = Number(values.from);
  const to = from + Number(values.seeds) - 1;
  const begun = performance.now();
  let simulated_ms = 0;
  for (let seed = from; seed <= to; seed++) {
    const outcome = await simulate(seed);
    simulated_ms += outcome.simulated_ms;
    for (const [what, count] of Object.entries(outcome.counts)) counts.set(what, (counts.get(what) ?? 0) + count);
    if (outcome.violation === undefined) continue;
    console.log(show(outcome));
    process.exitCode = 1;
    return;
  }
  const took_ms = performance.now() - begun;
  for (const [what, count] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`${count} ${what}`);
  const each_ms = Math.round(took_ms / (to - from + 1));
  console.log(`seeds ${from} to ${to}: all is well (${Math.round(simulated_ms / 3_600_000)} h, ${each_ms} ms a seed)`);
}

await main();
