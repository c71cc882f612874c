import { readdirSync, readFileSync } from "node:fs";

/** Whether a process exists; one that has ended and waits to be reaped doesn't count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    // ESRCH is the answer
    return false;
  }
  return !/^State:\s+[ZX]/m.test(procFile(pid, "status"));
}

/** The processes that have a text, such as a data folder that no one else has, on their command line or environment. */
export function processesWith(text: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => ["cmdline", "environ"].some((name) => procFile(pid, name).includes(text)) && isAlive(pid))
    .map((pid) => ({ pid, command: procFile(pid, "cmdline").replaceAll("\0", " ").trim() }));
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // it ended meanwhile
    return "";
  }
}
