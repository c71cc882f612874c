import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "./logging.ts";
import { inTransaction, makeDataFolder, openSqliteFile, type SqliteFileOptions } from "./sqlite-file.ts";

let folder: string;
let file: string;
let opened: DatabaseSync[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-sqlite-"));
  file = join(folder, "some.db");
  opened = [];
});
afterEach(() => {
  for (const database of opened) if (database.isOpen) database.close();
  rmSync(folder, { recursive: true });
});

function open(options: Partial<SqliteFileOptions> = {}): DatabaseSync {
  const schema = "CREATE TABLE IF NOT EXISTS thing (name TEXT);";
  const database = openSqliteFile({ file, schema, version: 1, logger: silentLogger, synchronous: "full", ...options });
  opened.push(database);
  return database;
}

function add(database: DatabaseSync, ...names: string[]): void {
  for (const name of names) database.prepare("INSERT INTO thing VALUES (?)").run(name);
}

const names = (database: DatabaseSync): unknown[] =>
  database
    .prepare("SELECT name FROM thing ORDER BY name")
    .all()
    .map(({ name }) => name);

describe("a file", () => {
  it("is made where it lacks, and found again as it was", () => {
    const first = open();
    add(first, "a", "b");
    first.close();
    expect(names(open())).toEqual(["a", "b"]);
  });

  it("gets what a newer schema adds", () => {
    const first = open();
    add(first, "a");
    first.close();
    const second = open({ version: 2, schema: "CREATE TABLE IF NOT EXISTS other (name TEXT);" });
    expect(names(second)).toEqual(["a"]);
    expect(second.prepare("SELECT count(*) AS count FROM other").get()).toEqual({ count: 0 });
  });

  it("of a newer version is refused and left as it is", () => {
    const newer = open({ version: 3 });
    add(newer, "a");
    newer.close();
    expect(() => open({ version: 2 })).toThrow(
      expect.objectContaining({ code: "data_unusable", message: expect.stringContaining("newer version") as string }),
    );
    expect(names(open({ version: 3 }))).toEqual(["a"]);
  });

  it("has one owner", () => {
    open();
    expect(() => open()).toThrow(
      expect.objectContaining({
        code: "data_in_use",
        message: `${file} is in use by another process; stop that one first`,
      }),
    );
  });
});

describe("a damaged file", () => {
  /** What it held before, as it then stands under another name. */
  function spoil(bytes: Buffer): void {
    writeFileSync(file, bytes);
    for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
  }

  it("is set aside, each under its own name, and an empty one takes its place", () => {
    const lines: string[] = [];
    const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
    const [one, two] = [Buffer.from("no database at all ".repeat(50)), Buffer.from("nor this ".repeat(100))];
    for (const bytes of [one, two]) {
      spoil(bytes);
      const database = open({ logger });
      expect(names(database)).toEqual([]);
      add(database, "new");
      database.close();
    }
    expect(readdirSync(folder).toSorted()).toEqual(["some.db", "some.db.damaged", "some.db.damaged-2"]);
    expect(readFileSync(`${file}.damaged`)).toEqual(one);
    expect(readFileSync(`${file}.damaged-2`)).toEqual(two);
    expect(lines.map((line) => (JSON.parse(line) as { aside: string }).aside)).toEqual([
      `${file}.damaged`,
      `${file}.damaged-2`,
    ]);
  });

  it("is found out deep inside, where that is asked for", () => {
    const database = open();
    inTransaction(database, () => add(database, ...Array.from({ length: 5_000 }, (_, index) => `name ${index}`)));
    database.close();
    const bytes = readFileSync(file);
    bytes.fill(0xff, 20 * 4_096, 21 * 4_096);
    spoil(bytes);
    const unchecked = open();
    unchecked.close();
    expect(readdirSync(folder)).toEqual(["some.db"]);
    expect(names(open({ isChecked: true }))).toEqual([]);
    expect(readdirSync(folder)).toContain("some.db.damaged");
  });
});

it("a transaction is done whole or not at all", () => {
  const database = open();
  expect(inTransaction(database, () => (add(database, "a"), "done"))).toBe("done");
  const failing = (): void =>
    inTransaction(database, () => {
      add(database, "b");
      throw new Error("half way");
    });
  expect(failing).toThrow("half way");
  expect(names(database)).toEqual(["a"]);
});

it("a data folder is made with all above it; where that can't be, the reason is told", () => {
  const data = join(folder, "not", "there");
  makeDataFolder(data);
  makeDataFolder(data);
  expect(readdirSync(data)).toEqual([]);
  writeFileSync(file, "");
  expect(() => makeDataFolder(join(file, "data"))).toThrow(expect.objectContaining({ code: "data_unusable" }));
});
