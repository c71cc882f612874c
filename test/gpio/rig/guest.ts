/**
 * The guest's run, which takes minutes on one core. Where all tests are run it is begun before them, in a process of its
 * own, and `gpio.test.ts` only reports it: `node test/gpio/rig/guest.ts FILE` writes how it went to the file.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { messageOf } from "@gengfu/shared/errors";
import { until } from "../../support/until.ts";
import { runInGuest, type GuestRun } from "./boot.ts";
import { prepareMachine } from "./machine.ts";

/** Some minutes on an idle machine of two cores, and several times that where something else runs beside it. */
const limit_ms = 1_500_000;
/** Names the file of a run that was begun before the tests. */
export const begunVariable = "GENGFU_GUEST_RUN";

export type GuestResult = GuestRun | { readonly lacking: string };

/** How the guest's run went: the one that was begun before, or one of its own, of the cases whose name has `only`. */
export async function guestResult(only: string): Promise<GuestResult> {
  const begun = process.env[begunVariable];
  if (begun === undefined || only !== "") return run(only);
  await until("the end of the guest", () => existsSync(begun), { within_ms: limit_ms, every_ms: 500 });
  return JSON.parse(readFileSync(begun, "utf8")) as GuestResult;
}

async function run(only: string): Promise<GuestResult> {
  const machine = prepareMachine();
  if ("lacking" in machine) return machine;
  return runInGuest(machine, { script: "test/gpio/guest/main.ts", args: [only], limit_ms });
}

if (import.meta.main) {
  const file = process.argv[2] ?? "";
  const result = await run("").catch((error: unknown): GuestResult => ({
    outcomes: [],
    isWhole: false,
    printed: messageOf(error),
  }));
  writeFileSync(`${file}.new`, JSON.stringify(result));
  renameSync(`${file}.new`, file);
}
