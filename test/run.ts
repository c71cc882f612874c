/**
 * `npm test`: makes sure that what the tests talk to is there, runs every test (or those whose path contains what is
 * given), and ends with one line of the true counts.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildConsole, consoleIsStale } from "../deploy/demo/console-build.ts";
import { begunVariable } from "./gpio/rig/guest.ts";
import { countTests, type Counts } from "./support/counts.ts";
import { installTools } from "./support/install-tools.ts";

const root = join(import.meta.dirname, "..");

for (const line of installTools()) console.log(line);

let failedBefore = 0;
if (consoleIsStale()) {
  console.log("building the console ...");
  const result = await buildConsole();
  if (!result.built) {
    console.error(result.output);
    failedBefore = 1;
  }
}

const folder = mkdtempSync(join(tmpdir(), "gengfu-test-"));
let counts: Counts;
let guest: ChildProcess | undefined;
try {
  const report = join(folder, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const env = { ...process.env };
  const chosen = process.argv.slice(2);
  if (chosen.length === 0) {
    env[begunVariable] = join(folder, "guest.json");
    const program = join(root, "test", "gpio", "rig", "guest.ts");
    guest = spawn(process.execPath, [program, env[begunVariable]], { cwd: root, stdio: "inherit" });
  }
  const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...chosen], {
    cwd: root,
    stdio: "inherit",
    env,
  });
  counts = countTests(readReport(report), status === 0);
} finally {
  guest?.kill();
  rmSync(folder, { recursive: true, force: true });
}

const failed = counts.failed + failedBefore;
process.exitCode = failed > 0 || counts.passed === 0 ? 1 : 0;
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // a run that broke off leaves none, which counts as a failure
    return undefined;
  }
}
