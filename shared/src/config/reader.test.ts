import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { site } from "../model/site.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { ConfigReader, readConfig } from "./reader.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function problemsOf(action: () => unknown): readonly Omit<ConfigProblem, "file">[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ line, path, found, allowed }) => ({ line, path, found, allowed }));
    throw error;
  }
  return [];
}

const schema = z.strictObject({
  port: z.int().min(0).max(65_535).default(1883),
  secret: z.string().optional(),
  mode: z.enum(["a", "b"]).default("a"),
  list: z.array(z.strictObject({ id: z.string() })).default([]),
});

it("takes values from the environment and from files, typed as YAML would", () => {
  write("secret.txt", "s3cret\n");
  const file = write("c.yaml", "port: ${PORT}\nsecret: file:secret.txt\nmode: ${MODE:-b}\n");
  expect(readConfig(file, schema, { PORT: "99" })).toEqual({ port: 99, secret: "s3cret", mode: "b", list: [] });
});

it("gathers every mistake of every file, each with line, path, what was found and what is allowed", () => {
  const first = write("c.yaml", "port: many\nmod: b\nmode: c\nlist:\n  - id: x\n  - id: 3\n");
  const second = write("d.yaml", "port: 70000\nsecret: ${NOT_THERE}\n");
  const third = write("e.yaml", "port: 70000\n");
  const reader = new ConfigReader({});
  for (const file of [first, second, third]) reader.read(file, schema);
  expect(problemsOf(() => reader.finish()).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
    { line: 6, path: "list[1].id", found: "3", allowed: "a string" },
    { line: 2, path: "mod", found: 'the key "mod"', allowed: expect.stringContaining("no such key") as string },
    { line: 3, path: "mode", found: '"c"', allowed: "one of a, b" },
    { line: 1, path: "port", found: '"many"', allowed: "a number" },
    { line: 1, path: "port", found: "70000", allowed: "a number of at most 65535" },
    {
      line: 2,
      path: "secret",
      found: expect.stringContaining("NOT_THERE is not set") as string,
      allowed: expect.stringContaining("environment") as string,
    },
  ]);
});

it("says where YAML itself is broken, and when a file can't be read", () => {
  const broken = write("c.yaml", "port: 1\n  mode: [a\n");
  expect(problemsOf(() => readConfig(broken, schema))[0]).toMatchObject({ line: 1, allowed: "well-formed YAML" });
  expect(problemsOf(() => readConfig(join(folder, "none.yaml"), schema))).toMatchObject([
    { allowed: "a readable file" },
  ]);
});

it("holds a site's parts against each other", () => {
  const file = write(
    "site.yaml",
    `
id: court
name: Court
gateways: [{ id: main, name: Main, secret: x }]
devices:
  - { id: tank, name: Tank, type: tank, secret: x, gateway: attic, measures: [{ kind: level }] }
  - { id: tank, name: Tank, type: tank, secret: x, measures: [{ kind: levle }] }
checkpoints: [{ id: lobby, name: Lobby, device: reader, tag: 04A1B2C3 }]
on_call: [nobody]
rules:
  - { id: low, name: Low, severity: critical, when: { type: below, kind: level, device: pond, limit: 1.5, clear: 1 } }
  - { id: odd, name: Odd, severity: critical, when: { type: sideways } }
`,
  );
  expect(problemsOf(() => readConfig(file, site)).map(({ line, path }) => `${path}:${line}`)).toEqual([
    "devices[1].measures[0].kind:7",
    "checkpoints[0]:8",
    "rules[0].when.clear:11",
    "rules[1].when.type:12",
  ]);
  const mended = write(
    "site.yaml",
    `
id: court
name: Court
gateways: [{ id: main, name: Main, secret: x }]
devices:
  - { id: tank, name: Tank, secret: x, gateway: attic, measures: [{ kind: level }] }
  - { id: tank, name: Tank, secret: x, measures: [{ kind: level }] }
on_call: [nobody]
rules:
  - { id: low, name: Low, severity: critical, when: { type: below, kind: level, device: pond, limit: 1.5, clear: 2 } }
`,
  );
  expect(problemsOf(() => readConfig(mended, site)).map(({ path }) => path)).toEqual([
    "devices[1].id",
    "devices[0].gateway",
    "on_call[0]",
    "rules[0].when.device",
  ]);
});
