import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the file stays within its bound and keeps the last lines", () => {
  const path = join(folder, "edge.log");
  const log = new LogFile(path, 100);
  for (let number = 0; number < 100; number++) log.write(`line ${number}`);
  log.close();
  expect(statSync(path).size).toBeLessThanOrEqual(100);
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100);
  const lines = (readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8")).trim().split("\n");
  expect(lines.at(-1)).toBe("line 99");
  expect(lines).toEqual(lines.map((_, index) => `line ${100 - lines.length + index}`));
});

test("a restart goes on in the same file", () => {
  const path = join(folder, "edge.log");
  for (const line of ["one", "two"]) {
    const log = new LogFile(path);
    log.write(line);
    log.close();
  }
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
});
