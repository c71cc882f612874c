import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { toolPath, tools, type Tool } from "../../support/tools.ts";
import { guestInit } from "./guest-init.ts";

/** What QEMU boots: Debian's own kernel, and modules that simulate GPIO chips. */
export interface Machine {
  readonly kernel: string;
  readonly initramfs: string;
}

/** Raise it when what is built here changes, so that no machine of an older kind is taken. */
const recipe = 1;
const needed: readonly Tool[] = ["qemu-system-x86_64", "gpiomon", "gcc-12", "make"];
const step_timeout_ms = 300_000;

/** The machine, built where it is not in the cache yet; or what there has to be for that. */
export function prepareMachine(): Machine | { readonly lacking: string } {
  const lacking = needed.filter((tool) => toolPath(tool) === undefined).map((tool) => tools[tool]);
  if (lacking.length > 0) return { lacking: `install ${lacking.join(", ")}` };
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gengfu");
  const folder = join(cache, `gpio-machine-${recipe}`);
  const machine: Machine = { kernel: join(folder, "vmlinux"), initramfs: join(folder, "initramfs") };
  if (existsSync(machine.initramfs)) return machine;
  if (!/^12(\.|$)/.test(readOr("/etc/debian_version", ""))) return { lacking: "run it on Debian 12" };
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "building-"));
  try {
    console.log("building a machine with GPIO lines (once, about half a minute) ...");
    build(work);
    // a machine is there whole or not at all; who comes second takes that of the first
    if (!existsSync(machine.initramfs)) renameSync(join(work, "machine"), folder);
    return machine;
  } catch (error) {
    return { lacking: `let apt-get reach Debian's packages (${error instanceof Error ? error.message : "failed"})` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function build(work: string): void {
  const release = kernelRelease();
  const [, version = ""] = /^(\d+\.\d+)/.exec(release) ?? [];
  const common = release.replace(/-amd64$/, "-common");
  const headers = [`linux-headers-${release}`, `linux-headers-${common}`, `linux-kbuild-${version}`];
  const [image, source, busybox] = [`linux-image-${release}`, `linux-source-${version}`, "busybox-static"];
  run(work, "apt-get", "download", "-qq", image, source, busybox, ...headers);

  const root = join(work, "root");
  for (const name of [...headers, busybox]) run(work, "dpkg", "-x", debOf(work, name), root);
  const parts = ["fs/9p", "fs/netfs", "fs/fscache", "fs/configfs", "net/9p", "drivers/virtio"];
  const wanted = parts.map((part) => `'./lib/modules/*/kernel/${part}/*'`).join(" ");
  shell(work, `dpkg --fsys-tarfile ${debOf(work, image)} | tar -xC root --wildcards './boot/vmlinuz-*' ${wanted}`);
  const files = [
    "drivers/gpio/gpio-sim.c",
    "drivers/gpio/gpiolib.h",
    "kernel/irq/irq_sim.c",
    "scripts/extract-vmlinux",
  ];
  shell(
    work,
    `dpkg --fsys-tarfile ${debOf(work, source)} | tar -xO ./usr/src/linux-source-${version}.tar.xz | xz -dcT2 |
       tar -x --wildcards --strip-components=1 ${files.map((file) => `'*/${file}'`).join(" ")}`,
  );
  buildModules(work, join(root, "usr/src", `linux-headers-${release}`));

  mkdirSync(join(work, "machine"));
  shell(work, `sh scripts/extract-vmlinux root/boot/vmlinuz-${release} > machine/vmlinux`);
  makeInitramfs(work, join(root, "lib/modules", release));
}

/** As in 6.1.0-56-amd64: what Debian's newest kernel is called. */
function kernelRelease(): string {
  const ask = (): string => execFileSync("apt-cache", ["show", "linux-image-amd64"], { encoding: "utf8" });
  const releaseIn = (shown: string): string | undefined => /^Depends: linux-image-(\S+)/m.exec(shown)?.[1];
  let release = releaseIn(ask());
  if (release === undefined) {
    run("/", "apt-get", "update", "-qq");
    release = releaseIn(ask());
  }
  if (release === undefined) throw new Error("apt knows no linux-image-amd64");
  return release;
}

/** gpio-sim and what it simulates interrupts with, which Debian's kernel is built without. */
function buildModules(work: string, headers: string): void {
  const folder = join(work, "modules");
  mkdirSync(folder);
  copyFileSync(join(work, "drivers/gpio/gpio-sim.c"), join(folder, "gpio-sim.c"));
  copyFileSync(join(work, "drivers/gpio/gpiolib.h"), join(folder, "gpiolib.h"));
  // irq_to_desc is not for modules; and what is built in needs no licence of its own
  const irqSim = readFileSync(join(work, "kernel/irq/irq_sim.c"), "utf8").replace(
    /handle_simple_irq\(irq_to_desc\((\w+)\)\)/,
    "generic_handle_irq($1)",
  );
  writeFileSync(join(folder, "irq_sim.c"), `#include <linux/module.h>\n${irqSim}\nMODULE_LICENSE("GPL");\n`);
  writeFileSync(join(folder, "Makefile"), "obj-m += irq_sim.o gpio-sim.o\n");
  const makefile = join(headers, "Makefile");
  const root = headers.slice(0, headers.indexOf("/usr/src/"));
  writeFileSync(makefile, readFileSync(makefile, "utf8").replace("include /usr/", `include ${root}/usr/`));
  run(work, "make", "-s", "-C", headers, `M=${folder}`, "modules");
}

function makeInitramfs(work: string, modules: string): void {
  const folder = join(work, "initramfs");
  for (const name of ["modules", "proc", "dev", "mnt"]) mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(globSync(join(work, "root/{,usr/}bin/busybox"))[0] ?? "", join(folder, "busybox"));
  const built = ["irq_sim", "gpio-sim"].map((name) => join(work, "modules", `${name}.ko`));
  const files = [...withDependencies(["virtio_pci", "9pnet_virtio", "9p", "configfs"], modules), ...built];
  for (const file of files) copyFileSync(file, join(folder, "modules", basename(file)));
  writeFileSync(join(folder, "init"), guestInit(files.map((file) => basename(file))));
  chmodSync(join(folder, "init"), 0o755);
  shell(folder, "find . | ./busybox cpio -o -H newc > ../machine/initramfs");
}

/** The files of modules in the order in which they can be loaded; what is built into the kernel has none. */
function withDependencies(names: readonly string[], modules: string): string[] {
  const found = new Set<string>();
  const add = (name: string): void => {
    const [file] = globSync(join(modules, "kernel/**", `${name.replaceAll(/[-_]/g, "[-_]")}.ko`));
    if (file === undefined || found.has(file)) return;
    const [, depends = ""] = /\0depends=([^\0]*)\0/.exec(readFileSync(file, "latin1")) ?? [];
    for (const other of depends.split(",")) if (other !== "") add(other);
    found.add(file);
  };
  names.forEach(add);
  return [...found];
}

function debOf(work: string, name: string): string {
  const [file] = globSync(join(work, `${name}_*.deb`));
  if (file === undefined) throw new Error(`apt-get has not downloaded ${name}`);
  return file;
}

function run(folder: string, program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"], timeout: step_timeout_ms });
}

function shell(folder: string, script: string): void {
  run(folder, "bash", "-euo", "pipefail", "-c", script);
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // not a Debian
    return otherwise;
  }
}
