import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock, systemClock, type Clock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Service } from "./service.ts";

let folder: string;
let service: Service | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-service-"));
});
afterEach(async () => {
  service?.kill();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  pids: number[];
  lines: string[];
  deaths: { how: string; delay_ms: number }[];
  /** Resolves as soon as what was seen fulfils the condition. */
  until(condition: () => boolean): Promise<void>;
}

function serviceOf(code: string, clock: Clock = systemClock): { service: Service; seen: Seen } {
  const file = join(folder, "child.mjs");
  writeFileSync(file, code);
  const waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const look = (): void => {
    for (const { condition, resolve } of waiting) if (condition()) resolve();
  };
  const seen: Seen = {
    pids: [],
    lines: [],
    deaths: [],
    until(condition) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ condition, resolve });
      look();
      return promise;
    },
  };
  service = new Service({
    name: "child",
    file,
    args: ["--flag"],
    env: { GREETING: "hello" },
    clock,
    onLine(line) {
      seen.lines.push(line);
      look();
    },
    onPid(pid) {
      seen.pids.push(pid);
      look();
    },
    onDeath(how, delay_ms) {
      seen.deaths.push({ how, delay_ms });
      look();
    },
  });
  return { service, seen };
}

/** Something to wait for, as every service has. */
const listening = `import { createServer } from "node:net"; createServer().listen(0);`;
const wellBehaved = `
  ${listening}
  console.log(process.env.GREETING, process.argv[2]);
  process.on("SIGTERM", () => process.exit(0));
  process.send({ ready: true });
`;

test("a service gets its arguments and environment, says when it is ready, and ends when told to", async () => {
  const { service: child, seen } = serviceOf(wellBehaved);
  expect(await child.start()).toEqual({ ready: true });
  expect(child.pid).toBe(seen.pids[0]);
  await seen.until(() => seen.lines.length > 0);
  expect(seen.lines).toEqual(["hello --flag"]);
  await child.stop();
  expect(isAlive(seen.pids[0])).toBe(false);
  expect(seen.deaths).toEqual([]);
});

test("a service that dies before it is ready is not started again, and how it died is told", async () => {
  const { service: child, seen } = serviceOf(`process.exit(3)`);
  expect(await child.start()).toEqual({ ready: false, how: "exit code 3" });
  expect(seen.deaths).toEqual([]);
  expect(seen.pids.length).toBe(1);
});

test("a service that dies later is started again, each time after a longer delay", async () => {
  const clock = new ManualClock();
  const { service: child, seen } = serviceOf(wellBehaved, clock);
  await child.start();
  for (const delay_ms of [200, 400]) {
    const lines = seen.lines.length;
    const pid = seen.pids.at(-1);
    process.kill(pid as number, "SIGKILL");
    await seen.until(() => seen.deaths.at(-1)?.delay_ms === delay_ms);
    expect(child.pid).toBeNull();
    clock.advance(delay_ms);
    expect(child.pid).not.toBe(pid);
    await seen.until(() => seen.lines.length > lines);
  }
  expect(seen.deaths.map(({ how }) => how)).toEqual(["SIGKILL", "SIGKILL"]);
});

test("a service that waits for its restart can be stopped", async () => {
  const clock = new ManualClock();
  const { service: child, seen } = serviceOf(wellBehaved, clock);
  await child.start();
  process.kill(seen.pids[0] as number, "SIGKILL");
  await seen.until(() => seen.deaths.length === 1);
  await child.stop();
  clock.advance(60_000);
  expect(seen.pids.length).toBe(1);
});

test("a service that will not end is killed after 8 s", async () => {
  const clock = new ManualClock();
  const { service: child, seen } = serviceOf(
    `${listening} process.on("SIGTERM", () => console.log("no")); process.send({ ready: true });`,
    clock,
  );
  await child.start();
  const stopped = child.stop();
  await seen.until(() => seen.lines.includes("no"));
  clock.advance(8_000);
  await stopped;
  expect(isAlive(seen.pids[0])).toBe(false);
});

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) throw new Error("no such process was ever started");
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH is the answer
    return false;
  }
}
