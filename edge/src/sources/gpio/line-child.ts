import { spawn, type ChildProcess } from "node:child_process";
import { readdir, readlink } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pause, type Clock } from "@gengfu/shared/time/clock";

const poll_ms = 5;
/** How long a tool may take until it holds its line; generous, since a Raspberry Pi may be busy. */
const start_timeout_ms = 15_000;
const said_chars_max = 500;

export interface LineChildOptions {
  readonly command: readonly [program: string, ...args: string[]];
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
  /** Told when it ends though it held its line and nobody ended it. */
  readonly onEnd: (error: Error) => void;
}

/**
 * A process that holds a line. It dies with this one, however this one ends: one that stayed would keep the line from
 * whoever comes next.
 */
export class LineChild {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Error>;
  #isHeld = false;
  #isEnding = false;
  #hasEnded = false;

  private constructor({ command, onLine, onEnd }: LineChildOptions) {
    const [program] = command;
    const child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-said_chars_max);
    });
    if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", onLine);
    this.#ended = new Promise((resolve) => {
      child.once("error", resolve);
      // after all that it printed has been read
      child.once("close", (code, signal) => resolve(new Error(`${program} ended (${code ?? signal}): ${said.trim()}`)));
    });
    void this.#ended.then((error) => {
      this.#hasEnded = true;
      if (this.#isHeld && !this.#isEnding) onEnd(error);
    });
  }

  /** Starts it; resolves when it holds its line, rejects where it can't. */
  static async start(options: LineChildOptions): Promise<LineChild> {
    const { clock, command } = options;
    const child = new LineChild(options);
    const end_ms = clock.monotonic() + start_timeout_ms;
    while (!child.#hasEnded) {
      child.#isHeld = await child.#holdsLine();
      if (child.#isHeld) return child;
      if (clock.monotonic() > end_ms) {
        await child.end();
        throw new Error(`${command[0]} does not take the line`);
      }
      await pause(clock, poll_ms);
    }
    throw await child.#ended;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends it; resolves when the line is free. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** The kernel names the file by which a process holds a line: gpio-line, gpio-event, gpio-linehandle. */
  async #holdsLine(): Promise<boolean> {
    const folder = `/proc/${this.#child.pid}/fd`;
    try {
      const files = await readdir(folder);
      const targets = await Promise.all(files.map((file) => readlink(`${folder}/${file}`)));
      return targets.some((target) => target.startsWith("anon_inode:gpio-"));
    } catch {
      // it has ended, or closed a file while it was looked at
      return false;
    }
  }
}
