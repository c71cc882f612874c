import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const here = import.meta.dirname;

/** Stands for Node and the service: says of a configuration what the file `verdict` in its release tells. */
const service = `#!/bin/sh
case "$(cat "$(dirname "$1")/../verdict")" in
  right) echo "$3 is right" ;;
  *) echo "1 mistake in $3" >&2; exit 1 ;;
esac
`;

let folder: string;
let source: string;
let root: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-install-"));
  source = join(folder, "source");
  root = join(folder, "root");
  write("package.json", '{\n  "name": "gengfu",\n  "version": "1.2.3",\n  "private": true\n}\n');
  for (const name of ["cloud", "dashboards", "deploy", "test", "edge"]) write(`${name}/package.json`, "{}\n");
  for (const part of ["package-lock.json", "scripts/x", "shared/x", "firmware-contracts/x", "edge/src/main.ts"]) {
    write(part, "\n");
  }
  write("edge/verdict", "right");
  write("edge/node_modules/unwanted", "\n");
  write("node_modules/.package-lock.json", "{}\n");
  write("node_modules/.bin/node", service);
  chmodSync(join(source, "node_modules/.bin/node"), 0o755);
  cpSync(here, join(source, "deploy/edge"), { recursive: true });
  cpSync(join(here, "../cloud/sample"), join(source, "deploy/cloud/sample"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), content);
}

function install(args: readonly string[] = [], path = process.env["PATH"]): { code: number | null; said: string } {
  const script = join(source, "deploy/edge/install.sh");
  const { status, stdout, stderr } = spawnSync("sh", [script, "--root", root, ...args], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
  return { code: status, said: stdout + stderr };
}

const current = (): string => readlinkSync(join(root, "opt/gengfu/current"));
const releases = (): string[] => readdirSync(join(root, "opt/gengfu/releases")).toSorted();
const installed = (path: string): string => readFileSync(join(root, path), "utf8");

describe("install.sh", () => {
  it("lays out a release, samples of the configuration and the unit", () => {
    expect(install()).toMatchObject({ code: 0 });
    expect(current()).toMatch(/^releases\/1\.2\.3-\d+$/);
    const release = join(root, "opt/gengfu/current");
    expect(existsSync(join(release, "edge/src/main.ts"))).toBe(true);
    expect(existsSync(join(release, "edge/node_modules"))).toBe(false);
    expect(existsSync(join(release, "cloud/package.json"))).toBe(true);
    expect(installed("etc/gengfu/edge.yaml")).toBe(readFileSync(join(here, "sample/edge.yaml"), "utf8"));
    expect(installed("etc/systemd/system/gengfu-edge.service")).toBe(
      readFileSync(join(here, "gengfu-edge.service"), "utf8"),
    );
    for (const [path, mode] of [
      ["etc/gengfu", 0o750],
      ["etc/gengfu/secrets", 0o750],
      ["etc/gengfu/site.yaml", 0o640],
    ] as const) {
      expect(statSync(join(root, path)).mode & 0o777, path).toBe(mode);
    }
  });

  it("changes nothing when it is run again, least of all a configuration", () => {
    install();
    const before = current();
    writeFileSync(join(root, "etc/gengfu/edge.yaml"), "gateway: mine\n");
    const { code, said } = install();
    expect(code).toBe(0);
    expect(said).toContain("kept /etc/gengfu/edge.yaml");
    expect(said).toContain("is current already");
    expect(said).not.toContain("made");
    expect([current(), installed("etc/gengfu/edge.yaml")]).toEqual([before, "gateway: mine\n"]);
  });

  it("upgrades to a new release, keeps the one before, and goes back to it", () => {
    install();
    const first = current();
    write("shared/x", "new\n");
    expect(install().code).toBe(0);
    const second = current();
    expect(second).not.toBe(first);
    expect(releases()).toHaveLength(2);
    expect(install(["--rollback"])).toMatchObject({ code: 0 });
    expect(current()).toBe(first);
    expect(install(["--rollback"]).code).toBe(0);
    expect(current()).toBe(second);
  });

  it("removes what is older than the release before", () => {
    for (const content of ["1", "2", "3"]) {
      write("shared/x", content);
      expect(install().code).toBe(0);
    }
    expect(releases()).toHaveLength(2);
    expect(releases().map((name) => `releases/${name}`)).toContain(current());
  });

  it("leaves a gateway on its release where the new one doesn't take the configuration", () => {
    install();
    const before = current();
    write("edge/verdict", "wrong");
    const { code, said } = install();
    expect(code).toBe(1);
    expect(said).toContain("1 mistake");
    expect(current()).toBe(before);
  });

  it("takes a first configuration that is still to be edited", () => {
    write("edge/verdict", "wrong");
    expect(install().code).toBe(0);
    expect(releases().map((name) => `releases/${name}`)).toEqual([current()]);
  });

  it.each([
    ["uname", "armv7l", "needs a 64-bit system"],
    ["getconf", "32", "32 bits"],
  ])("refuses a machine whose %s says %s, before it writes anything", (program, answer, reason) => {
    const path = join(folder, "bin");
    mkdirSync(path);
    writeFileSync(join(path, program), `#!/bin/sh\necho ${answer}\n`, { mode: 0o755 });
    const { code, said } = install([], `${path}:${process.env["PATH"]}`);
    expect(code).toBe(1);
    expect(said).toContain(reason);
    expect(readdirSync(root)).toEqual([]);
  });

  it("refuses what it doesn't know, and to go back from a first release", () => {
    expect(install(["--rolback"])).toMatchObject({ code: 1 });
    install();
    expect(install(["--rollback"]).said).toContain("no release before");
  });

  it("doesn't take a release for whole that broke off", () => {
    rmSync(join(source, "node_modules/.bin/node"));
    expect(install().said).toContain("no Node for this machine");
    expect(releases().filter((name) => !name.endsWith(".partial"))).toEqual([]);
    write("node_modules/.bin/node", service);
    chmodSync(join(source, "node_modules/.bin/node"), 0o755);
    expect(install().code).toBe(0);
    expect(releases()).toHaveLength(1);
  });
});
