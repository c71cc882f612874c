import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@gengfu/shared/config/reader";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { openEmbeddedStore } from "../stores/embedded/embedded-store.ts";
import { readingsLimit } from "../stores/store.ts";
import { runExamples } from "./examples.ts";
import { openApiRecording, openStoreRecording, readingsIn, type Recording } from "./recording.ts";
import { replay } from "./replay-command.ts";
import { compare, episodesOf, nameOf } from "./replay.ts";
import { test as testCommand } from "./test-command.ts";

const demo = join(import.meta.dirname, "../../../deploy/demo");
const court = readConfig(join(demo, "site.yaml"), siteSchema);
const rulesDocument = readFileSync(join(import.meta.dirname, "../../../docs/rules.md"), "utf8");
const samples = [...rulesDocument.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text as string);
const m = 60_000;
const start = Date.UTC(2026, 0, 5);

let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "gengfu-rules-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command prints, line by line, and its exit code. */
async function printed(command: () => Promise<number>): Promise<{ lines: string[]; code: number }> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((text: string) => void lines.push(...text.split("\n")));
  try {
    return { code: await command(), lines };
  } finally {
    log.mockRestore();
  }
}

function write(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : stringify(content));
  return file;
}

describe("examples", () => {
  const file = join(demo, "rules.examples.yaml");

  it("of the demo's rules are right, and each rule has one", () => {
    expect(runExamples(file).filter(({ failure }) => failure !== null)).toEqual([]);
    const text = readFileSync(file, "utf8");
    for (const { id } of court.rules) expect(text).toContain(`raise: ${id}`);
  });

  it("that are wrong say what was expected and what came, and end with 1", async () => {
    const wrong = write("wrong.yaml", {
      site: join(demo, "site.yaml"),
      examples: [
        {
          name: "the tank",
          rules: ["fire-tank-low"],
          given: [{ at: "0s", device: "tank-fire", kind: "level", values: [1.6, 1.4], every: "1m" }],
          expect: [{ at: "2m", raise: "fire-tank-low" }],
        },
        { name: "nothing", rules: ["fire"], expect: [] },
        { name: "a rule that is not there", rules: ["ghost"], expect: [] },
      ],
    });
    const { lines, code } = await printed(() => testCommand([wrong]));
    expect(code).toBe(1);
    expect(lines).toEqual([
      "FAIL  the tank",
      "        expected  2m: raise fire-tank-low",
      "        came      1m: raise fire-tank-low tank-fire",
      "pass  nothing",
      "FAIL  a rule that is not there",
      "        expected  rules ghost",
      "        came      none such",
      "1 of 3 examples pass",
    ]);
  });

  it("that break their schema name the place", () => {
    const broken = write("broken.yaml", {
      site: "site.yaml",
      examples: [{ name: "x", given: [{ at: "now" }], expect: [] }],
    });
    expect(() => runExamples(broken)).toThrow("examples[0].given[0]");
  });

  it("of the documentation are right", () => {
    const sample = parse(samples[1] ?? "") as { site: string };
    const verdicts = runExamples(write("sample.yaml", { ...sample, site: join(demo, "site.yaml") }));
    expect(verdicts.map(({ failure }) => failure)).toEqual([null]);
  });
});

it("the documentation's rules are rules", () => {
  const plain = parse(readFileSync(join(demo, "site.yaml"), "utf8"), { merge: true }) as object;
  const sample = parse(samples[0] ?? "") as object;
  expect(siteSchema.parse({ ...plain, ...sample }).rules.map(({ when }) => when.type)).toEqual([
    "falls",
    "falls",
    "all",
    "chatter",
    "series_silent",
  ]);
});

describe("a replay", () => {
  const level = (minute: number, value: number, seq = minute + 1): StoredReading => ({
    gateway: "main-building",
    epoch: 1,
    seq,
    device: "tank-fire",
    kind: "level",
    channel: null,
    at: start + minute * m,
    receivedAt: start + minute * m,
    clock: "synchronised",
    value,
    detail: null,
  });
  const readings = [2, 1.55, 2, 1.4, 2, 1.3].map((value, index) => level(index * 10, value));
  const only = court.rules.filter(({ id }) => id === "fire-tank-low");
  const present = { ...court, rules: only };
  const changed = {
    ...court,
    rules: only.map((rule) => ({
      ...rule,
      when: { type: "below", kind: "level", device: "tank-fire", limit: 1.6 } as const,
    })),
  };
  const strict = { ...court, rules: only.map((rule) => ({ ...rule, for: 15 * m })) };

  it("tells what is new, what is gone and what stays", async () => {
    const run = (site: typeof present) => episodesOf([[present], [site]], readings, start, start + 60 * m);
    const told = async (site: typeof present): Promise<string[]> => {
      const [now = [], then = []] = await run(site);
      return compare(now, then).map(({ of, episode }) => `${of} ${nameOf(episode)} ${(episode.from - start) / m}`);
    };
    const name = "fire-tank-low tank-fire/level";
    expect(await told(present)).toEqual([`both ${name} 30`, `both ${name} 50`]);
    expect(await told(changed as typeof present)).toEqual([`changed ${name} 10`, `both ${name} 30`, `both ${name} 50`]);
    expect(await told(strict)).toEqual([`present ${name} 30`, `present ${name} 50`]);
  });

  const contact = { ...level(15, 1, 100), device: "fire-panel", kind: "contact", channel: "fire" } as const;

  it("takes what is recorded in the order of time, in as many answers as it needs", async () => {
    const all = [...readings, contact];
    let asked = 0;
    const recording: Recording = {
      readings: async ({ from = 0, to = Infinity }) => {
        asked++;
        const found = all.filter(({ at }) => at >= from && at < to);
        // an answer that holds as many as it may is not the whole
        return found.length > 2 ? Array.from({ length: readingsLimit.max }, () => contact) : found.toReversed();
      },
      close: async () => undefined,
    };
    const found: number[] = [];
    for await (const { at } of readingsIn(recording, start, start + 50 * m)) found.push((at - start) / m);
    expect(found).toEqual([0, 10, 15, 20, 30, 40]);
    expect(asked).toBeGreaterThan(3);
  });

  it("asks a cloud that runs by its API", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.url ?? ""} ${request.headers.authorization ?? ""}`);
      const { detail: _detail, epoch: _epoch, ...row } = contact;
      response.end(JSON.stringify({ readings: [{ ...row, name: "more than is asked for" }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const recording = openApiRecording(`http://127.0.0.1:${port}`, "t");
    const found: StoredReading[] = [];
    for await (const one of readingsIn(recording, start, start + m)) found.push(one);
    server.close();
    expect(found).toEqual([contact]);
    expect(asked).toEqual([`/api/v1/readings?from=${start}&to=${start + m}&limit=100000 Bearer t`]);
  });

  it("says what to do about the store of a cloud that runs", async () => {
    const file = join(folder, "busy.db");
    const store = openEmbeddedStore({ file, clock: systemClock, logger: silentLogger });
    await store.write(readings);
    expect(() => openStoreRecording(file)).toThrow("--api URL");
    await store.close();
  });

  it("reckons no silence before the first reading", async () => {
    const silent = { ...court, rules: court.rules.filter(({ id }) => id === "gateway-silent") };
    const at = (minute: number): StoredReading => level(minute, 2);
    const [episodes = []] = await episodesOf([[silent]], [at(60), at(61), at(70)], start, start + 71 * m);
    expect(episodes.map(({ from, to }) => [from - start, (to ?? 0) - start])).toEqual([[63 * m, 70 * m]]);
  });

  it("reads the store of a cloud that stands still, and prints what came of it", async () => {
    const store = openEmbeddedStore({ file: join(folder, "store.db"), clock: systemClock, logger: silentLogger });
    await store.write([...readings.toReversed(), contact]);
    await store.close();
    const text = readFileSync(join(demo, "site.yaml"), "utf8");
    const config = write("cloud.yaml", {
      data: folder,
      sites: [write("present.yaml", text)],
      tokens: [{ name: "t", token: "0123456789abcdef0123456789abcdef", role: "admin" }],
    });
    const site = write("changed.yaml", text.replace("limit: 1.5, clear: 1.7", "limit: 1.6, clear: 1.7"));
    const { lines, code } = await printed(() =>
      replay(["--config", config, "--site", site, "--from", "2026-01-05T08:00"]),
    );
    expect(code).toBe(0);
    expect(lines).toContain("+ new   2026-01-05 08:10:00  fire-tank-low tank-fire/level  10m");
    expect(lines).toContain("  both  2026-01-05 08:30:00  fire-tank-low tank-fire/level  10m");
    expect(
      lines
        .find((line) => line.startsWith("fire-tank-low"))
        ?.trim()
        .split(/ +/),
    ).toEqual(["fire-tank-low", "2", "3", "2", "0", "1"]);
  });
});
