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
  /** A folder with the tools of gpiod 2, which the next Debian has; this one has version 1. */
  readonly gpiod2: string;
}

/** Raise it when what is built here changes, so that no machine of an older kind is taken. */
const recipe = 2;
const needed: readonly Tool[] = ["qemu-system-x86_64", "gpiomon", "gcc-12", "make"];
const step_timeout_ms = 300_000;

/** The machine, built where it is not in the cache yet; or what there has to be for that. */
export function prepareMachine(): Machine | { readonly lacking: string } {
  const lacking = needed.filter((tool) => toolPath(tool) === undefined).map((tool) => tools[tool]);
  if (lacking.length > 0) return { lacking: `install ${lacking.join(", ")}` };
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gengfu");
  const folder = join(cache, `gpio-machine-${recipe}`);
  const machine: Machine = {
    kernel: join(folder, "vmlinux"),
    initramfs: join(folder, "initramfs"),
    gpiod2: join(folder, "gpiod2"),
  };
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

/** The packages of a kernel, which is called such as 6.1.0-56-amd64. */
function packagesOf(release: string): { image: string; source: string; headers: readonly string[] } {
  const [, version = ""] = /^(\d+\.\d+)/.exec(release) ?? [];
  const headers = [release, release.replace(/-amd64$/, "-common")].map((name) => `linux-headers-${name}`);
  return {
    image: `linux-image-${release}`,
    source: `linux-source-${version}`,
    headers: [...headers, `linux-kbuild-${version}`],
  };
}

/** Downloads what is to be unpacked, and gives the name of the kernel. */
function download(work: string): string {
  const shown = execFileSync("apt-cache", ["show", "linux-image-amd64"], { encoding: "utf8" });
  const release = /^Depends: linux-image-(\S+)/m.exec(shown)?.[1];
  if (release === undefined) throw new Error("apt knows no linux-image-amd64");
  const { image, source, headers } = packagesOf(release);
  run(work, "apt-get", "download", "-qq", image, source, "busybox-static", ...headers);
  return release;
}

function downloadFresh(work: string): string {
  try {
    return download(work);
  } catch {
    // what apt knows may be old, or nothing yet
    run(work, "apt-get", "update", "-qq");
    return download(work);
  }
}

function build(work: string): void {
  const release = downloadFresh(work);
  const { image, source, headers } = packagesOf(release);
  const busybox = "busybox-static";

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
    `dpkg --fsys-tarfile ${debOf(work, source)} | tar -xO ./usr/src/${source}.tar.xz | xz -dcT2 |
       tar -x --wildcards --strip-components=1 ${files.map((file) => `'*/${file}'`).join(" ")}`,
  );
  buildModules(work, join(root, "usr/src", `linux-headers-${release}`));

  mkdirSync(join(work, "machine"));
  shell(work, `sh scripts/extract-vmlinux root/boot/vmlinuz-${release} > machine/vmlinux`);
  fetchGpiod2(work);
  makeInitramfs(work, join(root, "lib/modules", release));
}

/** The tools of gpiod 2 with the C library that they were built for, from the next Debian by the mirror of this one. */
function fetchGpiod2(work: string): void {
  const targets = ["indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"];
  const [, mirror] = /^Debian (\S+)/m.exec(execFileSync("apt-get", targets, { encoding: "utf8" })) ?? [];
  if (mirror === undefined) throw new Error("apt knows no mirror of Debian");
  const apt = join(work, "apt");
  for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(apt, folder), { recursive: true });
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(join(apt, "sources.list"), `deb [signed-by=${keys}] ${mirror} trixie main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${apt}/sources.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::lists=${apt}/lists`,
    `Dir::Cache=${apt}/cache`,
  ].flatMap((setting) => ["-o", setting]);
  run(work, "apt-get", ...settings, "update", "-qq");
  const names = ["gpiod", "libgpiod3", "libc6", "libedit2", "libbsd0", "libmd0", "libtinfo6"];
  run(work, "apt-get", ...settings, "download", "-qq", ...names);
  const folder = join(work, "machine/gpiod2");
  mkdirSync(folder);
  for (const name of names) run(work, "dpkg", "-x", debOf(work, name), join(folder, "root"));
  for (const tool of ["gpiodetect", "gpioget", "gpiomon", "gpioset"]) {
    const file = join(folder, tool);
    writeFileSync(
      file,
      `#!/bin/sh
root="\${0%/*}/root/usr"
exec "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/lib/x86_64-linux-gnu" "$root/bin/${tool}" "$@"
`,
    );
    chmodSync(file, 0o755);
  }
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
