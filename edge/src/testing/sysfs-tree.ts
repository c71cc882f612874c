import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder tree with files like those of sysfs. */
export class SysfsTree {
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "gengfu-sysfs-"));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file, with its folders, such that nobody ever sees a part of it. */
  write(name: string, text: string): void {
    const file = this.path(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  remove(name = ""): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  /** Files of the tree that this process has open. */
  get open(): number {
    return readdirSync("/proc/self/fd").filter((fd) => target(fd).startsWith(this.folder)).length;
  }
}

function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // closed since the folder was read
    return "";
  }
}
