import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TestBroker } from "./test-broker.ts";

const broker = new TestBroker();
const children: ChildProcess[] = [];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-contract-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  await broker.stop();
  broker.seen.length = 0;
  broker.password = "demo";
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; out: string; error: string }>;
}

function start(script: string, args: readonly string[], input = ""): Run {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  child.stdin.end(input);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]).then(([out, error]) => ({
    code: child.exitCode,
    out,
    error,
  }));
  return { child, ended };
}

const contract = (args: readonly string[], input?: string): Run["ended"] => start("cli.ts", args, input).ended;

describe("contract", () => {
  test("tells what it can do, and each command too", async () => {
    const all = await contract(["--help"]);
    expect(all).toMatchObject({ code: 0, error: "" });
    for (const command of ["check", "schema", "header", "simulate", "fire-test"]) {
      expect(all.out).toContain(command);
      const { code, out } = await contract([command, "--help"]);
      expect({ command, code, says: out.length > 100 }).toEqual({ command, code: 0, says: true });
    }
  });

  test("names what it allows instead of what it doesn't know", async () => {
    expect(await contract(["chek"])).toMatchObject({ code: 2, error: expect.stringContaining("one of check, schema") });
    const simulate = await contract(["simulate", "--site", "nowhere.yaml", "--speed", "fast"]);
    expect(simulate).toMatchObject({ code: 2, error: expect.stringContaining("nowhere.yaml") });
    expect(await contract(["simulate"])).toMatchObject({
      code: 2,
      error: expect.stringContaining("--site is missing"),
    });
    expect(await contract(["fire-test", "--second", "5"])).toMatchObject({
      code: 2,
      error: expect.stringContaining("--help"),
    });
    expect(await contract(["fire-test", "--seconds", "x"])).toMatchObject({
      code: 2,
      error: expect.stringContaining("a number from 0 to 3600"),
    });
  });

  test("prints the schema of a kind", async () => {
    const { code, out } = await contract(["schema", "level"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ required: ["metres"] });
    expect(await contract(["schema", "humidity"])).toMatchObject({
      code: 2,
      error: expect.stringContaining("one of tap"),
    });
    expect((await contract(["schema"])).out).toMatch(/^level\s+The level/m);
  });
});

describe("contract header", () => {
  test("prints the header, or writes it where it is told to", async () => {
    const file = join(folder, "gengfu.h");
    expect(await contract(["header", "--out", file])).toMatchObject({ code: 0 });
    const { code, out } = await contract(["header"]);
    expect({ code, same: out === readFileSync(file, "utf8") }).toEqual({ code: 0, same: true });
    expect(out).toContain("gengfu_encode");
    expect(await contract(["header", "--out", join(folder, "no", "where.h")])).toMatchObject({
      code: 2,
      error: expect.stringContaining("can't be written"),
    });
  });
});

describe("contract check", () => {
  const good = 'gengfu/v1/dev-1/level {"metres":1.5,"boot":1,"seq":2}';

  test("finds nothing wrong with what is right", async () => {
    const input = [good, "gengfu/v1/dev-1/state online", "", 'gengfu/v1/dev-1/error {"code":"not_json"}'].join("\r\n");
    const { code, out } = await contract(["check"], input);
    expect(code).toBe(0);
    expect(out.split("\n")[0]).toBe("1: OK  gengfu/v1/dev-1/level");
    expect(out).toContain("2 checked, 2 conform, 0 don't");
    expect(out).not.toContain("advice");
  });

  test("names line by line what is wrong, with advice, and ends with 1", async () => {
    const file = join(folder, "heard.txt");
    const lines = [
      good,
      'gengfu/v1/dev-1/level {"metres":"high"}',
      "gengfu/v1/dev-1/state (null)",
      "home/level 5",
      'gengfu/v1/dev-1/tap {"card":"04A1B2C3"}',
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const { code, out } = await contract(["check", file]);
    expect(code).toBe(1);
    expect(out).toContain('2: NOT OK  gengfu/v1/dev-1/level  invalid_field: metres: found "high", allowed: a number');
    expect(out).toContain("3: NOT OK  gengfu/v1/dev-1/state  invalid_state: found nothing");
    expect(out).toContain("4: NOT OK  home/level  the topic is not of the contract's shape");
    expect(out).toMatch(/5: OK .*\n {4}advice: send `boot` and `seq`/);
    expect(out).toContain("5 checked, 2 conform, 3 don't");
  });

  test("does not call nothing a success", async () => {
    expect((await contract(["check"], "\n\n")).code).toBe(2);
    expect(await contract(["check", join(folder, "missing.txt")])).toMatchObject({
      code: 2,
      error: expect.stringContaining("missing.txt can't be read"),
    });
  });
});

describe("contract check, live", () => {
  test("serves a device of the simulator, reports as JSON, and ends by itself", async () => {
    const run = start("cli.ts", ["check", "--serve", "0", "--host", "127.0.0.1", "--device", "gate", "--json"]);
    let told = "";
    run.child.stderr?.on("data", (text) => (told += String(text)));
    const port = await vi.waitFor(() => {
      const found = /on port (\d+)/.exec(told)?.[1];
      if (found === undefined) throw new Error(`no port yet: ${told}`);
      return found;
    }, 20_000);
    const site = join(import.meta.dirname, "simulator", "site.test.yaml");
    const args = ["--site", site, "--broker", `mqtt://127.0.0.1:${port}`, "--speed", "60", "--start", "09:00"];
    start("simulator/main.ts", args);
    const { code, out } = await run.ended;
    const report: unknown = JSON.parse(out);
    expect(report).toMatchObject({ mode: "serve", conforms: true, devices: [{ device: "gate", conforms: true }] });
    expect(code).toBe(0);
  }, 60_000);

  test("takes either a file, a port or a broker", async () => {
    const both = await contract(["check", "--serve", "0", "--broker", "mqtt://127.0.0.1"]);
    expect(both).toMatchObject({ code: 2, error: expect.stringContaining("not both") });
    const file = await contract(["check", "--serve", "0", "heard.txt"]);
    expect(file).toMatchObject({ code: 2, error: expect.stringContaining("by itself") });
    const nothing = await contract(["check", "--serve", "0", "--host", "127.0.0.1", "--listen", "0"]);
    expect(nothing).toMatchObject({ code: 2, out: expect.stringContaining("Nothing was seen") });
  });
});

describe("contract simulate", () => {
  test("prints the site file of a fleet, and names its scenarios", async () => {
    const { code, out } = await contract(["simulate", "--devices", "12", "--print-site"]);
    expect(code).toBe(0);
    expect(siteSchema.parse(JSON.parse(out)).devices.length).toBe(12);
    expect((await contract(["simulate", "--help"])).out).toContain("flame-out");
    const wrong = await contract(["simulate", "--devices", "1", "--scenario", "war"]);
    expect(wrong).toMatchObject({ code: 2, error: expect.stringContaining("one of calm, leak") });
    const both = await contract(["simulate", "--devices", "1", "--site", "x.yaml"]);
    expect(both).toMatchObject({ code: 2, error: expect.stringContaining("not both") });
  });

  test("plays a fleet for so many seconds, and ends with every device offline", async () => {
    const url = `mqtt://127.0.0.1:${await broker.start()}`;
    const args = [
      "simulate",
      "--devices",
      "20",
      "--scenario",
      "taps",
      "--broker",
      url,
      "--speed",
      "60",
      "--seconds",
      "3",
    ];
    const { code } = await contract([...args, "--start", "09:00"]);
    expect(code).toBe(0);
    expect(broker.texts("state", "reader-00007")).toEqual(["online", "offline"]);
    expect(broker.texts("tap", "reader-00007").length).toBeGreaterThan(0);
  });
});

describe("contract fire-test", () => {
  const args = (port: number): string[] => [
    "fire-test",
    "--broker",
    `mqtt://127.0.0.1:${port}`,
    "--device",
    "dev-1",
    "--seconds",
  ];

  test("closes the contact, then opens it", async () => {
    const { code, out } = await contract([...args(await broker.start()), "0"]);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("closed 闭合: acknowledged") });
    const states = broker.texts("contact").map((payload): unknown => JSON.parse(payload));
    const boot: unknown = expect.any(Number);
    expect(states).toEqual([
      { channel: "fire", closed: true, boot, seq: 1 },
      { channel: "fire", closed: false, boot, seq: 2 },
    ]);
    expect(broker.texts("state")).toEqual([]);
  });

  test("opens the contact when it is interrupted", async () => {
    const { child, ended } = start("cli.ts", [...args(await broker.start()), "3600"]);
    await vi.waitFor(() => expect(broker.texts("contact").length).toBe(1), 10_000);
    child.kill("SIGINT");
    expect((await ended).code).toBe(0);
    expect(broker.texts("contact")[1]).toContain('"closed":false');
  });

  test("says what to do where no one answers, and where the password is wrong", async () => {
    const port = await broker.start();
    broker.password = "other";
    const refused = await contract([...args(port), "0"]);
    expect(refused).toMatchObject({ code: 2, error: expect.stringContaining("check --device and --password") });
    await broker.stop();
    const missing = await contract([...args(port), "0"]);
    expect(missing).toMatchObject({ code: 2, error: expect.stringContaining("No broker answers") });
  });
});

describe("the simulator's process", () => {
  test("taps, closes the fire contact on SIGUSR2, and leaves every device offline on SIGTERM", async () => {
    const site = join(import.meta.dirname, "simulator", "site.test.yaml");
    const url = `mqtt://127.0.0.1:${await broker.start()}`;
    const { child, ended } = start("simulator/main.ts", ["--site", site, "--broker", url, "--speed", "20"]);
    await vi.waitFor(() => expect(broker.texts("tap", "reader-lobby").length).toBe(1), 10_000);
    expect(broker.texts("contact", "fire-panel")[0]).toContain('"channel":"fire","closed":false');
    child.kill("SIGUSR2");
    await vi.waitFor(() => expect(broker.texts("contact", "fire-panel").join()).toContain('"closed":true'), 10_000);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0, error: "" });
    for (const device of ["fire-panel", "tank-fire", "reader-yard", "weather"]) {
      expect(broker.texts("state", device)).toEqual(["online", "offline"]);
    }
  });
});
