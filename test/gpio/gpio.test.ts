import { beforeAll, describe, expect, it } from "vitest";
import { guestSuites } from "./guest/suites.ts";
import { runInGuest, type GuestRun } from "./rig/boot.ts";
import { prepareMachine } from "./rig/machine.ts";

/** A minute and a half on an idle machine of two cores; emulation is slow where something else runs beside it. */
const limit_ms = 900_000;

const machine = prepareMachine();
const isLacking = "lacking" in machine;
if (isLacking) console.log(`no GPIO lines: the tests that need them are skipped; to run them ${machine.lacking}`);

// in CI they run and fail, so that nothing goes unproved there in silence
describe.skipIf(isLacking && process.env["CI"] !== "true")("on the GPIO subsystem of a real kernel", () => {
  let run: GuestRun;
  beforeAll(async () => {
    if ("lacking" in machine) throw new Error(machine.lacking);
    // GENGFU_GUEST_ONLY=cdev for those alone whose name has that
    const args = [process.env["GENGFU_GUEST_ONLY"] ?? ""];
    run = await runInGuest(machine, { script: "test/gpio/guest/main.ts", args, limit_ms });
    for (const { suite, name, ms } of run.outcomes) console.log(`${suite}: ${name}: ${ms} ms`);
  }, limit_ms);

  it("the guest gets to its end", () => {
    expect(run.isWhole, run.printed).toBe(true);
  });

  describe.each(guestSuites)("$name", ({ name: suite, cases }) => {
    it.each(cases)("$name", ({ name }) => {
      const outcome = run.outcomes.find((one) => one.suite === suite && one.name === name);
      expect(outcome, run.printed).toBeDefined();
      expect(outcome?.error).toBeNull();
    });
  });
});
