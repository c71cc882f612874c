import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder whose disk can be filled up. */
export interface SmallDisk {
  readonly folder: string;
  /** From now on the process can write nothing there; to be said again when another takes its place. */
  fill(pid: number): void;
  /** It can again. */
  free(pid: number): void;
}

const size_bytes = 64 * 1024 * 1024;

/**
 * A disk of its own for one test: a small file system in memory, filled with ballast, where mounting is permitted (as
 * root). Elsewhere the process is forbidden to write to files (RLIMIT_FSIZE), which needs no right and fails its writes
 * in the same calls, though with EFBIG instead of ENOSPC.
 */
export function smallDisk(): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-disk-"));
  const isMounted = mount(folder);
  if (!isMounted) console.log("mounting is not permitted here: the disk is full by RLIMIT_FSIZE instead");
  onTestFinished(() => {
    if (isMounted) run("umount", "--lazy", folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return isMounted ? withBallast(folder) : withLimit(folder);
}

function mount(folder: string): boolean {
  const options = ["-t", "tmpfs", "-o", `size=${size_bytes}`];
  return process.env["GENGFU_NO_MOUNT"] === undefined && run("mount", ...options, "gengfu-test", folder);
}

function withBallast(folder: string): SmallDisk {
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill() {
      for (const chunk of [Buffer.alloc(1024 * 1024), Buffer.alloc(4096)]) {
        while (append(ballast, chunk)) continue;
      }
    },
    free: () => rmSync(ballast),
  };
}

/** Says whether there was room. */
function append(file: string, chunk: Buffer): boolean {
  try {
    appendFileSync(file, chunk);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
}

function withLimit(folder: string): SmallDisk {
  const limit = (pid: number, bytes: string): void => {
    if (!run("prlimit", "--pid", String(pid), `--fsize=${bytes}:`)) throw new Error("prlimit failed");
  };
  return { folder, fill: (pid) => limit(pid, "0"), free: (pid) => limit(pid, "unlimited") };
}

function run(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}
