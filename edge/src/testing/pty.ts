import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether a pseudo-terminal can be had; tests that need one are skipped where it can't, except in CI. */
export const hasPty = process.env["CI"] === "true" || spawnSync("python3", ["--version"]).status === 0;
if (!hasPty) console.warn("tests on a pseudo-terminal are skipped; install the package python3");

/**
 * Node can't make a pseudo-terminal. Says its name in a line, then hands bytes on between the terminal and standard
 * input and output. It keeps the terminal open itself, so that closing it elsewhere ends nothing.
 */
const bridge = `
import os, select, sys, tty
master, slave = os.openpty()
tty.setraw(slave)
os.write(1, os.ttyname(slave).encode() + b"\\n")
while True:
    ready = select.select([0, master], [], [])[0]
    for source, target in ((0, master), (master, 1)):
        if source in ready:
            chunk = os.read(source, 65536)
            if not chunk:
                sys.exit()
            while chunk:
                chunk = chunk[os.write(target, chunk):]
`;

/** The far end of a serial line: what a test's scripted device sits at. */
export class Pty {
  /** What the program under test opens; the same however often it is unplugged. */
  readonly path: string;
  /** Called with what the program writes, in chunks of any size. */
  onData: (chunk: Buffer) => void = () => undefined;
  readonly #folder: string;
  #child: ChildProcess | null = null;
  #name = "";

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "gengfu-pty-"));
    this.path = join(this.#folder, "tty");
  }

  /** Makes the terminal, as plugging in a USB adapter does. */
  async plug(): Promise<void> {
    const child = spawn("python3", ["-c", bridge], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    child.stdin.on("error", () => child.stdin.destroy());
    const name = await new Promise<string>((resolve, reject) => {
      let head = "";
      const takeName = (chunk: Buffer): void => {
        head += chunk.toString("latin1");
        if (!head.includes("\n")) return;
        child.stdout.off("data", takeName);
        resolve(head.trim());
      };
      child.stdout.on("data", takeName);
      child.once("error", reject);
      child.once("close", () => reject(new Error("no pseudo-terminal")));
    });
    child.stdout.on("data", (chunk: Buffer) => this.onData(chunk));
    this.#name = name;
    symlinkSync(name, this.path);
  }

  /** How often this process holds it open at present. */
  get held(): number {
    const descriptors = "/proc/self/fd";
    return readdirSync(descriptors).filter((fd) => linkOf(join(descriptors, fd)).startsWith(this.#name)).length;
  }

  /** Sends bytes to the program. */
  write(bytes: Uint8Array): void {
    this.#child?.stdin?.write(bytes);
  }

  /** Takes the terminal away while it is open, as pulling out a USB adapter does. */
  async unplug(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    rmSync(this.path, { force: true });
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.unplug();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Where a link leads; nowhere where it went away meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** A pseudo-terminal that is plugged in. */
export async function openPty(): Promise<Pty> {
  const pty = new Pty();
  await pty.plug();
  return pty;
}
