import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { typedEvents } from "./typed-events.ts";

/** What a test types on in place of an input device. */
export class TypingFifo {
  readonly path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-fifo-"));
  #fd: number | null = null;

  constructor() {
    this.path = join(this.#folder, "event-kbd");
    this.plug();
  }

  plug(): void {
    execFileSync("mkfifo", [this.path]);
    // for both, so that neither end waits for the other
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  unplug(): void {
    rmSync(this.path, { force: true });
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  type(text: string): void {
    const isNarrow = process.arch === "arm" || process.arch === "ia32";
    if (this.#fd !== null) writeSync(this.#fd, typedEvents(text, isNarrow ? 16 : 24));
  }

  remove(): void {
    this.unplug();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
