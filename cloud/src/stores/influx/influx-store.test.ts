import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "@gengfu/shared/config/reader";
import { readingWith } from "../contract.ts";
import { InfluxStore } from "./influx-store.ts";
import { writeApart } from "./refused-lines.ts";
import { influxSettings } from "./settings.ts";

const facts = {
  sites: ["forest-park", "yitong-court"],
  siteOf: () => "yitong-court",
  tap: () => ({ checkpoint: null, guard: null, guardName: null }),
};

function store(settings: Record<string, unknown>): InfluxStore {
  return new InfluxStore(influxSettings.parse(settings), facts);
}

describe("what an InfluxDB may answer", () => {
  let server: Server;
  let requests: { url: string; authorization: string | undefined }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let url: string;
  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      requests.push({ url: request.url ?? "", authorization: request.headers.authorization });
      request.resume();
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const answering = (status: number, body = ""): void => {
    answer = (_, response) => response.writeHead(status, { "content-type": "application/json" }).end(body);
  };

  it("writes to 2.x and 3.x by organisation, bucket and token", async () => {
    answering(204);
    await store({ url, org: "保安", bucket: "site", token: "secret" }).write([readingWith({})]);
    expect(requests).toEqual([
      {
        url: `/api/v2/write?org=${encodeURIComponent("保安")}&bucket=site&precision=ns`,
        authorization: "Token secret",
      },
    ]);
  });

  it("gives up on an answer that never comes", async () => {
    answer = () => undefined;
    const one = store({ url, database: "x", timeout: "100ms" });
    await expect(one.write([readingWith({})])).rejects.toMatchObject({ code: "store_unavailable", retryable: true });
    await expect(one.readings({})).rejects.toMatchObject({ code: "store_unavailable", retryable: true });
  });

  it.each([
    [401, /`token`/],
    [403, /right to write/],
    [404, /`bucket` and `org`/],
    [429, /429/],
    [500, /500/],
    [503, /503/],
  ])("tries again after %d", async (status, told) => {
    answering(status, '{"message":"no"}');
    await expect(store({ url, org: "o", bucket: "b", token: "t" }).write([readingWith({})])).rejects.toMatchObject({
      code: "store_unavailable",
      retryable: true,
      message: expect.stringMatching(told) as string,
    });
    expect(requests).toHaveLength(1);
  });

  it.each([400, 413, 422])("looks for what is wrong after %d", async (status) => {
    answering(status, '{"code":"invalid","message":"line 1 is bad"}');
    const readings = [readingWith({}), readingWith({})];
    const { rejected } = await store({ url, org: "o", bucket: "b", token: "t" }).write(readings);
    expect(rejected.map(({ reason }) => reason)).toEqual(["line 1 is bad", "line 1 is bad"]);
  });
});

describe("settings", () => {
  it("want either a database or a bucket, and a user with a password", () => {
    const url = "http://localhost:8086";
    expect(influxSettings.safeParse({ url }).success).toBe(false);
    expect(influxSettings.safeParse({ url, database: "a", bucket: "b" }).success).toBe(false);
    expect(influxSettings.safeParse({ url, database: "a", username: "u" }).success).toBe(false);
    expect(influxSettings.safeParse({ url: "ftp://x", database: "a" }).success).toBe(false);
    expect(influxSettings.parse({ url, database: "a" }).timeout).toBe(10_000);
  });

  it("of the README are right", () => {
    const folder = mkdtempSync(join(tmpdir(), "gengfu-readme-"));
    const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
    const samples = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, sample]) => sample as string);
    expect(samples).toHaveLength(2);
    for (const sample of samples) {
      const file = join(folder, "influx.yaml");
      writeFileSync(file, sample);
      expect(readConfig(file, influxSettings, {})).toMatchObject({ timeout: 10_000 });
    }
    rmSync(folder, { recursive: true });
  });
});

it("finds exactly the lines that are refused, whichever they are and whatever the server tells", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 200 }), fc.boolean(), async (good, counts) => {
      const lines = good.map((each, index) => `${each ? "good" : "bad"} ${index}`);
      const stored = new Set<string>();
      const refused = await writeApart(lines, (part) => {
        const bad = part.filter((line) => line.startsWith("bad"));
        for (const line of part) if (!line.startsWith("bad")) stored.add(line);
        return Promise.resolve(
          bad.length === 0
            ? { kind: "stored" }
            : { kind: "refused", reason: "bad", dropped: counts ? bad.length : undefined },
        );
      });
      expect([...refused.keys()].toSorted((a, b) => a - b)).toEqual(
        good.flatMap((each, index) => (each ? [] : [index])),
      );
      expect(stored.size).toBe(good.filter(Boolean).length);
    }),
  );
});

it("needs few requests where what is wrong stands together", async () => {
  const lines = Array.from({ length: 4_096 }, (_, index) => (index >= 1_000 && index < 2_000 ? "bad" : "good"));
  let requests = 0;
  await writeApart(lines, (part) => {
    requests += 1;
    const dropped = part.filter((line) => line === "bad").length;
    return Promise.resolve(dropped === 0 ? { kind: "stored" } : { kind: "refused", reason: "bad", dropped });
  });
  expect(requests).toBeLessThan(60);
});
