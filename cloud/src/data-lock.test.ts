import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockData } from "./data-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("one process at a time owns the folder, which is made where it lacks", () => {
  const data = join(folder, "not", "there");
  const lock = lockData(data);
  expect(() => lockData(data)).toThrow(/another cloud uses/);
  lock.release();
  lockData(data).release();
});

test("a process that is killed leaves no claim behind", async () => {
  const script = join(import.meta.dirname, "data-lock.ts");
  const code = `const { lockData } = await import(${JSON.stringify(script)}); lockData(process.argv[1]); console.log("mine"); process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  expect(() => lockData(folder)).toThrow(/another cloud uses/);
  child.kill("SIGKILL");
  await once(child, "exit");
  lockData(folder).release();
});

test("a folder that can't be made is told as such", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => lockData(join(folder, "file", "data"))).toThrow(/can't be written/);
});
