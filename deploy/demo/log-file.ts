import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

/** The bound of one log file; the one before it is kept beside it as `.1`. */
const bytes_max = 5_000_000;

/** A log file that stays within a bound. */
export class LogFile {
  readonly #path: string;
  readonly #bytes_max: number;
  #file: number | undefined;
  #bytes = 0;

  constructor(path: string, limit_bytes = bytes_max) {
    this.#path = path;
    this.#bytes_max = limit_bytes;
  }

  write(line: string): void {
    const text = `${line}\n`;
    const length = Buffer.byteLength(text);
    if (this.#file !== undefined && this.#bytes + length > this.#bytes_max) {
      this.close();
      renameSync(this.#path, `${this.#path}.1`);
    }
    if (this.#file === undefined) {
      this.#file = openSync(this.#path, "a");
      this.#bytes = fstatSync(this.#file).size;
    }
    writeSync(this.#file, text);
    this.#bytes += length;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
