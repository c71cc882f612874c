/** `main.ts FILE ONLY`: runs the tests whose name has ONLY on simulated lines, and writes a line of JSON about each test as soon as it ended. */
import { appendFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { inspect } from "node:util";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import type { Outcome } from "../rig/boot.ts";
import { endChildren, filler, pi } from "./bench.ts";
import type { GuestCase } from "./guest-case.ts";
import { guestSuites } from "./suites.ts";

const case_limit_ms = 600_000;
const [file = "", only = ""] = process.argv.slice(2);
const chip = pi();

/** The error, or null. */
async function attempt(test: GuestCase): Promise<string | null> {
  const over = new AbortController();
  const late = async (): Promise<never> => {
    await pause(systemClock, case_limit_ms, over.signal);
    throw new Error(`not over after ${case_limit_ms} ms`);
  };
  chip.plug();
  try {
    await Promise.race([test.run(chip), late()]);
    return null;
  } catch (error) {
    return inspect(error);
  } finally {
    over.abort();
    // what a test that failed has left: a kernel before 6.9 is damaged where a chip goes whose lines such a tool holds
    await endChildren();
    // with all that was left exported: every test finds the lines low and free
    chip.unplug();
  }
}

// for the processes that the tests start
flushCompileCache();
filler().plug();
for (const { name: suite, cases } of guestSuites) {
  for (const test of cases.filter(({ name }) => `${suite} ${name}`.includes(only))) {
    const from_ms = systemClock.monotonic();
    const error = await attempt(test);
    const outcome: Outcome = { suite, name: test.name, error, ms: Math.round(systemClock.monotonic() - from_ms) };
    appendFileSync(file, `${JSON.stringify(outcome)}\n`);
    console.log(`${error === null ? "ok" : "FAILED"} ${suite}: ${test.name} (${outcome.ms} ms)`);
  }
}
process.exit(0);
