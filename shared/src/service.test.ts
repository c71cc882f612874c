import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-service-"));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  /** Resolves at the end of the process. */
  readonly end: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function run(...args: string[]): Run {
  const child = fork(join(import.meta.dirname, "testing/sample-service.ts"), args, { silent: true });
  children.push(child);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("no output");
  const end = Promise.all([text(stdout), text(stderr), once(child, "exit")]).then(([out, err, [code]]) => ({
    code: code as number | null,
    stdout: out,
    stderr: err,
  }));
  return { child, end };
}

function runWith(word: string, ...args: string[]): Run {
  const file = join(folder, "config");
  writeFileSync(file, word);
  return run("--config", file, ...args);
}

function logged(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the command line", () => {
  it.each([
    ["--help", ["--help"], { code: 0, stdout: "What the sample is for.\n", stderr: "" }],
    ["nothing", [], { code: 1, stdout: "", stderr: "--config FILE is missing\n\nWhat the sample is for.\n" }],
    [
      "what it doesn't know",
      ["--confg"],
      { code: 1, stdout: "", stderr: expect.stringContaining("--confg") as string },
    ],
    [
      "a file that isn't there",
      ["--config", "nowhere"],
      { code: 1, stdout: "", stderr: expect.stringMatching(/^ENOENT[^\n]*\n$/) as string },
    ],
  ])("answers %s", async (_, args, answer) => {
    expect(await run(...args).end).toEqual(answer);
  });

  it("only checks, when asked to", async () => {
    expect(await runWith("refuse", "--check").end).toEqual({
      code: 0,
      stdout: `${join(folder, "config")} is right: it says refuse\n`,
      stderr: "",
    });
  });
});

describe("a service", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("tells where it is and ends in good order on %s", async (signal) => {
    const { child, end } = runWith("well");
    const [message] = (await once(child, "message")) as [unknown];
    expect(message).toEqual({ ready: true, door: "tcp://127.0.0.1:1" });
    child.kill(signal);
    const { code, stdout } = await end;
    expect(code).toBe(0);
    expect(logged(stdout).map(({ msg }) => msg)).toEqual(["the sample is ready", "stopping", "stopped"]);
  });

  it("ends when the process that started it is gone", async () => {
    const { child, end } = runWith("well");
    await once(child, "message");
    child.disconnect();
    expect((await end).code).toBe(0);
  });

  it("says what was raised on purpose, without a stack", async () => {
    const { code, stdout, stderr } = await runWith("refuse").end;
    expect([code, stderr]).toEqual([1, ""]);
    expect(logged(stdout)).toEqual([
      expect.objectContaining({ level: "fatal", code: "listen_failed", port: 1, msg: "the port is taken" }),
    ]);
    expect(stdout).not.toContain("stack");
  });

  it.each([
    ["break", "a bug at the start"],
    ["throw-later", "a bug later"],
    ["reject-later", "a bug later"],
  ])("ends on a bug, with its stack: %s", async (word, message) => {
    const { code, stdout } = await runWith(word).end;
    expect(code).toBe(1);
    expect(logged(stdout).at(-1)).toMatchObject({
      level: "fatal",
      err: { type: "TypeError", message, stack: expect.stringContaining("sample-service.ts") as string },
    });
  });

  it.each([
    ["never", "stopping took too long"],
    ["hang", "stopping took too long"],
    ["break-at-end", "a bug at the end"],
  ])("ends though its start or its end fails: %s", async (word, message) => {
    const { child, end } = runWith(word);
    await once(child, "message");
    child.kill("SIGTERM");
    const { code, stdout } = await end;
    expect(code).toBe(1);
    expect(logged(stdout).at(-1)).toMatchObject({ level: "fatal", err: { message } });
  });
});
