import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { tools, toolPath, type Tool } from "./tools.ts";

/** Debian asks this file before it starts the service of a package that it installs; 101 means no. */
const policyFile = "/usr/sbin/policy-rc.d";

/**
 * Installs what the tests of the whole need, where it is missing and this is Debian and root. Says in a line each what
 * it does, and what a person has to install where it can't.
 */
export function installTools(): string[] {
  const missing = (Object.keys(tools) as Tool[]).filter((tool) => toolPath(tool) === undefined);
  if (missing.length === 0) return [];
  const packages = missing.map((tool) => tools[tool]);
  const canInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (canInstall) {
    console.log(`installing ${packages.join(", ")} with apt-get (once, some minutes) ...`);
    install(packages);
  }
  return missing
    .filter((tool) => toolPath(tool) === undefined)
    .map((tool) => `no ${tool}: the tests that need it are skipped; to run them install ${tools[tool]}`);
}

function install(packages: readonly string[]): void {
  const hadPolicy = existsSync(policyFile);
  // the tests start servers of their own, on ports of their own: none may stay behind on the usual ones
  if (!hadPolicy) writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    for (const args of [
      ["update", "-qq"],
      ["install", "-qq", "-y", "--no-install-recommends", ...packages],
    ]) {
      const { status, stderr } = spawnSync("apt-get", args, {
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
        encoding: "utf8",
        stdio: ["ignore", "ignore", "pipe"],
      });
      if (status !== 0) console.log(`apt-get ${args[0]} failed: ${stderr.trim().split("\n").at(-1) ?? ""}`);
    }
  } finally {
    if (!hadPolicy) rmSync(policyFile, { force: true });
  }
}
