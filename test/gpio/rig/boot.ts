import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { need } from "../../support/tools.ts";
import { runParameter } from "./guest-init.ts";
import type { Machine } from "./machine.ts";

const root = join(import.meta.dirname, "../../..");
/** What tells the guest where the tools of gpiod 2 are. */
export const gpiod2Variable = "GENGFU_GPIOD2";
/** Where the guest sees the folder that it may write to. */
const guestResults = "/dev/shm/results";
/** Of the guest's exit code n QEMU makes 2 n + 1; 0 is a panic or a power-off. */
const ended_well = 3;

/** How a test in the guest went. */
export interface Outcome {
  readonly suite: string;
  readonly name: string;
  readonly error: string | null;
  readonly ms: number;
}

export interface GuestRun {
  readonly outcomes: readonly Outcome[];
  /** Whether the guest got to its end. */
  readonly isWhole: boolean;
  /** The end of what it printed. */
  readonly printed: string;
}

export interface GuestScript {
  /** From the top of the repository. It gets the path of the file for outcomes as its argument, and what follows. */
  readonly script: string;
  readonly args: readonly string[];
  readonly limit_ms: number;
}

/** Boots the machine and runs a script in it by this Node. */
export async function runInGuest(
  { kernel, initramfs, gpiod2 }: Machine,
  { script, args, limit_ms }: GuestScript,
): Promise<GuestRun> {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-guest-"));
  try {
    writeFileSync(
      join(folder, "run.sh"),
      `cd '${root}'
export PATH='${dirname(process.execPath)}':/usr/sbin:/usr/bin:/sbin:/bin HOME=/dev/shm TMPDIR=/dev/shm
export NODE_COMPILE_CACHE=/dev/shm/compiled ${gpiod2Variable}='${gpiod2}'
exec node '${join(root, script)}' ${guestResults}/outcomes.jsonl ${args.map((one) => `'${one}'`).join(" ")}
`,
    );
    chmodSync(folder, 0o755);
    const share = (path: string, tag: string, more: string): string[] => [
      "-virtfs",
      `local,path=${path},mount_tag=${tag},security_model=none,multidevs=remap${more}`,
    ];
    const options = [
      ..."-M pc -accel tcg,tb-size=256 -m 512 -nographic -no-reboot -nic none".split(" "),
      ..."-device isa-debug-exit,iobase=0xf4,iosize=0x04 -append".split(" "),
      `console=ttyS0 quiet panic=-1 ${runParameter}=run.sh`,
      "-kernel",
      kernel,
      "-initrd",
      initramfs,
      ...share("/", "host", ",readonly=on"),
      ...share(folder, "results", ""),
    ];
    const child = spawn(need("qemu-system-x86_64"), options, { stdio: ["ignore", "pipe", "pipe"], timeout: limit_ms });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed = `${printed}${text}`.slice(-8_000);
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    return { outcomes: readOutcomes(join(folder, "outcomes.jsonl")), isWhole: code === ended_well, printed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOutcomes(file: string): Outcome[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Outcome);
  } catch {
    // a guest that did not get so far leaves none
    return [];
  }
}
