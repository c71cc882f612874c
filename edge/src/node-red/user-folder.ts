import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const secret_bytes = 32;

/** Node-RED's own folder of flows and of what it installs; made where it lacks. */
export function makeUserFolder(data: string): string {
  const folder = join(data, "node-red");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** What the credentials within flows are encrypted by; it must stay the same for as long as they are to be read. */
export function credentialSecret(folder: string): string {
  const file = join(folder, ".credential-secret");
  if (!existsSync(file)) writeFileSync(file, randomBytes(secret_bytes).toString("hex"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

/** Ends what an earlier gateway left running, since it was killed: it holds the port, and perhaps loops for ever. */
export function endLeftover(folder: string): void {
  const pid = Number(readIfThere(join(folder, ".pid")));
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  if (!readIfThere(`/proc/${pid}/cmdline`).split("\0").includes(folder)) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself in between
  }
}

export function noteProcess(folder: string, pid: number): void {
  writeFileSync(join(folder, ".pid"), String(pid));
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
