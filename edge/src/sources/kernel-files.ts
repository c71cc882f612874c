import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { messageOf } from "@gengfu/shared/errors";
import type { Clock } from "@gengfu/shared/time/clock";

export type FileOutcome =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "hangs" };

export type ReadFile = (path: string) => Promise<string>;

const bytes_max = 4_096;
/** A read that hangs holds one of the four threads that all file access of a Node process shares. */
const underWay_max = 3;

/** Reads the beginning of a file that the kernel makes up, which takes as long as the measuring does. */
export async function readKernelFile(path: string): Promise<string> {
  // sysfs does not heed O_NONBLOCK; a pipe in its place does, and would hold a thread for ever without
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes_max), 0, bytes_max, null);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

export interface KernelFilesOptions {
  readonly read: ReadFile;
  readonly clock: Clock;
  readonly timeout_ms: number;
}

/** Reads files whose reading may hang: within a time limit, and on a bounded number of threads. */
export class KernelFiles {
  readonly #options: KernelFilesOptions;
  /** What has not come back yet, though nobody may wait for it any more. */
  readonly #underWay = new Map<string, Promise<FileOutcome>>();

  constructor(options: KernelFilesOptions) {
    this.#options = options;
  }

  /** Never rejects. One that still hangs is not read a second time; its outcome then serves for both. */
  async read(path: string, signal: AbortSignal): Promise<FileOutcome> {
    const { clock, timeout_ms } = this.#options;
    const reading = this.#underWay.get(path) ?? this.#begin(path);
    const outcome = Promise.withResolvers<FileOutcome>();
    const giveUp = (): void => outcome.resolve({ kind: "hangs" });
    const cancel = clock.after(timeout_ms, giveUp);
    signal.addEventListener("abort", giveUp);
    void reading.then(outcome.resolve);
    const first = await outcome.promise;
    cancel();
    signal.removeEventListener("abort", giveUp);
    return first;
  }

  #begin(path: string): Promise<FileOutcome> {
    if (this.#underWay.size >= underWay_max) return Promise.resolve({ kind: "hangs" });
    const reading = this.#options
      .read(path)
      .then((text): FileOutcome => ({ kind: "text", text }), failure)
      .finally(() => this.#underWay.delete(path));
    this.#underWay.set(path, reading);
    return reading;
  }
}

function failure(error: unknown): FileOutcome {
  const isMissing = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
  return isMissing ? { kind: "missing" } : { kind: "failed", reason: messageOf(error) };
}
