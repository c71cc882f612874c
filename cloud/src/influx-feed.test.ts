import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AlertStepOfAlert } from "./alerts/alert.ts";
import { testGateway, testSite } from "./api/fixture.ts";
import { InfluxFeed } from "./influx-feed.ts";
import { siteFacts } from "./site-facts.ts";

let file: string;
let folder: string;
let clock: ManualClock;
let steps: AlertStepOfAlert[];
let written: string[];
let failure: Error | undefined;
let changed: () => void;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-feed-"));
  file = join(folder, "influx.json");
  clock = new ManualClock();
  steps = [];
  written = [];
  failure = undefined;
});
afterEach(async () => {
  await end();
  rmSync(folder, { recursive: true, force: true });
});

function begin(refuse: (line: string) => boolean = () => false): InfluxFeed {
  const feed = new InfluxFeed({
    influx: {
      async writeLines(lines) {
        if (failure !== undefined) throw failure;
        written.push(...lines.filter((line) => !refuse(line)));
        return lines.filter(refuse).map((line) => ({ line, reason: "no" }));
      },
    },
    alerts: {
      steps: (after, limit) => steps.filter(({ id }) => id > after).slice(0, limit),
      onChange(listener) {
        changed = () => listener({} as never);
        return () => undefined;
      },
    },
    gateways: { list: () => [testGateway] },
    facts: siteFacts(testSite),
    file,
    clock,
    logger: silentLogger,
  });
  stop = new AbortController();
  running = feed.run(stop.signal);
  return feed;
}

async function end(): Promise<void> {
  stop.abort();
  await running;
}

function step(id: number): void {
  const about = { alert: `a${id}`, rule: "fire", severity: "critical", state: "firing", site: "court" } as const;
  const rest = { gateway: "main", device: null, channel: null, value: 1, who: "gengfu", note: null } as const;
  steps.push({ id, at: id, recordedAt: id, what: "raised", ...about, ...rest });
}

const alertLines = (): string[] =>
  written.filter((line) => line.startsWith("alert,")).map((line) => /id="(\w+)"/.exec(line)?.[1] ?? "");

describe("steps of alerts", () => {
  test("are written as they happen, each once", async () => {
    step(1);
    begin();
    await vi.waitFor(() => expect(alertLines()).toEqual(["a1"]));
    step(2);
    changed();
    await vi.waitFor(() => expect(alertLines()).toEqual(["a1", "a2"]));
    changed();
    clock.advance(60_000);
    expect(alertLines()).toEqual(["a1", "a2"]);
  });

  test("go on after a restart where they were left", async () => {
    step(1);
    begin();
    await vi.waitFor(() => expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ step: 1 }));
    await end();
    step(2);
    begin();
    await vi.waitFor(() => expect(alertLines()).toEqual(["a1", "a2"]));
  });

  test("are tried again while InfluxDB is away", async () => {
    failure = new Error("down");
    step(1);
    begin();
    step(2);
    failure = undefined;
    await vi.waitFor(() => {
      clock.advance(1_000);
      expect(alertLines()).toEqual(["a1", "a2"]);
    });
  });

  test("are written again, all of them, where it is not known how far they were, or the alerts began anew", async () => {
    step(1);
    writeFileSync(file, "half");
    begin();
    await vi.waitFor(() => expect(alertLines()).toEqual(["a1"]));
    await end();
    writeFileSync(file, '{"step":70}');
    begin();
    await vi.waitFor(() => expect(alertLines()).toEqual(["a1", "a1"]));
  });

  test("that InfluxDB will never take hold up no others, and are counted", async () => {
    step(1);
    step(2);
    const feed = begin((line) => line.includes("a1"));
    await vi.waitFor(() => expect(alertLines()).toEqual(["a2"]));
    expect(feed.refused).toBe(1);
  });
});

test("how the gateways stand is written every half minute", async () => {
  begin();
  const status = (): string[] => written.filter((line) => line.startsWith("gateway_status,"));
  await vi.waitFor(() => expect(status()).toHaveLength(1));
  expect(status()[0]).toContain("gateway=main,site=court connected=1");
  await vi.waitFor(() => {
    clock.advance(5_000);
    expect(status()).toHaveLength(2);
  });
  expect(clock.monotonic()).toBeGreaterThanOrEqual(30_000);
});
