import { describe, expect, it } from "vitest";
import { guestSuites } from "./guest/suites.ts";
import { guestResult } from "./rig/guest.ts";

/** For those alone whose name has it, as in `GENGFU_GUEST_ONLY="source by cdev"`. */
const only = process.env["GENGFU_GUEST_ONLY"] ?? "";

const result = await guestResult(only);
const lacking = "lacking" in result ? result.lacking : null;
const run = "lacking" in result ? { outcomes: [], isWhole: false, printed: result.lacking } : result;
if (lacking !== null) console.log(`no GPIO lines: the tests that need them are skipped; to run them ${lacking}`);
for (const { suite, name, ms } of run.outcomes) console.log(`${suite}: ${name}: ${ms} ms`);

// in CI they run and fail, so that nothing goes unproved there in silence
describe.skipIf(lacking !== null && process.env["CI"] !== "true")("on the GPIO subsystem of a real kernel", () => {
  it("the guest gets to its end", () => {
    expect(run.isWhole, run.printed).toBe(true);
  });

  for (const { name: suite, cases } of guestSuites) {
    const names = cases.map(({ name }) => name).filter((name) => `${suite} ${name}`.includes(only));
    if (names.length === 0) continue;
    describe(suite, () => {
      it.each(names)("%s", (name) => {
        const outcome = run.outcomes.find((one) => one.suite === suite && one.name === name);
        expect(outcome, run.printed).toBeDefined();
        expect(outcome?.error).toBeNull();
      });
    });
  }
});
