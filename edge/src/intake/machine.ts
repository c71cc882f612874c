import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { performance } from "node:perf_hooks";

/** The machine's own time, which nobody can set: which run of it this is, and for how long it has lasted. */
export interface Machine {
  /** A safe integer that no other run of a machine has. */
  readonly boot: number;
  /** Milliseconds since the run began; a restart of this process changes nothing about it. */
  uptime_ms(): number;
}

const bootIdFile = "/proc/sys/kernel/random/boot_id";

/**
 * This machine. Its time is CLOCK_MONOTONIC, which both of Node's clocks read: a time service slews it together with
 * the wall clock, and steps of that don't touch it. Where the kernel has no id of the boot, the process counts as one.
 */
export function thisMachine(): Machine {
  const start_ms = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return { boot: bootNumber(), uptime_ms: () => start_ms + performance.now() };
}

/**
 * Asks the time service whether the wall clock is right: answers when it last said so, as any number that grows; null
 * where it never did.
 */
export type TimeService = () => number | null;

/** A service that touches a file each time it has set the clock, as systemd-timesyncd does. */
export function syncFile(file: string): TimeService {
  return () => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function bootNumber(): number {
  const digest = createHash("sha256").update(bootId()).digest();
  return digest.readUIntBE(0, 6);
}

function bootId(): Buffer {
  try {
    return readFileSync(bootIdFile);
  } catch {
    // not Linux
    return randomBytes(16);
  }
}
