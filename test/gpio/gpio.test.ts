import { beforeAll, describe, expect, it } from "vitest";
import { guestSuites } from "./guest/suites.ts";
import { runInGuest, type GuestRun } from "./rig/boot.ts";
import { prepareMachine } from "./rig/machine.ts";

/** For those alone whose name has it, as in `GENGFU_GUEST_ONLY="source by cdev"`. */
const only = process.env["GENGFU_GUEST_ONLY"] ?? "";
/** Some minutes on an idle machine of two cores, and several times that where something else runs beside it. */
const limit_ms = 1_500_000;

const machine = prepareMachine();
const isLacking = "lacking" in machine;
if (isLacking) console.log(`no GPIO lines: the tests that need them are skipped; to run them ${machine.lacking}`);

// in CI they run and fail, so that nothing goes unproved there in silence
describe.skipIf(isLacking && process.env["CI"] !== "true")("on the GPIO subsystem of a real kernel", () => {
  let run: GuestRun;
  beforeAll(async () => {
    if ("lacking" in machine) throw new Error(machine.lacking);
    run = await runInGuest(machine, { script: "test/gpio/guest/main.ts", args: [only], limit_ms });
    for (const { suite, name, ms } of run.outcomes) console.log(`${suite}: ${name}: ${ms} ms`);
  }, limit_ms);

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
