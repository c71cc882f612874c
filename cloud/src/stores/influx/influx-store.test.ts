import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "@gengfu/shared/config/reader";
import { startInflux, type Influx } from "../../../../test/support/influxd.ts";
import { lacks } from "../../../../test/support/tools.ts";
import { readingWith, storeContract } from "../contract.ts";
import { quoteName } from "./influx-client.ts";
import { InfluxStore } from "./influx-store.ts";
import { gatewayStatusLine } from "./lines.ts";
import { writeApart } from "./refused-lines.ts";
import { influxSettings } from "./settings.ts";

const facts = {
  sites: ["forest-park", "yitong-court"],
  siteOf: () => "yitong-court",
  tap: () => ({ checkpoint: null, guard: null, guardName: null }),
};
let databases = 0;

function store(settings: Record<string, unknown>): InfluxStore {
  return new InfluxStore(influxSettings.parse(settings), facts);
}

describe.skipIf(lacks("influxd"))("a real influxd", () => {
  let influx: Influx;
  let database: string;
  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx.stop());
  beforeEach(() => {
    database = `site "${(databases += 1)}"`;
  });
  const open = (): InfluxStore => store({ url: influx.url, database });

  storeContract("influx", {
    open,
    kept: (reading) => ({ ...reading, epoch: null, receivedAt: null, clock: null }),
    keepsAsides: false,
  });

  it("makes its database at the first write and again when it is gone", async () => {
    const one = open();
    await one.write([readingWith({})]);
    await influx.query(`DROP DATABASE ${quoteName(database)}`);
    const reading = readingWith({});
    await one.write([reading]);
    expect(await one.readings({})).toMatchObject([{ seq: reading.seq }]);
  });

  it("brings any text through, in tags and fields", async () => {
    const one = open();
    await one.write([readingWith({})]);
    const hostile = fc.string({
      unit: fc.oneof(
        fc.constantFrom(" ", ",", "=", '"', "'", "\\", "\n", "\r", "\t", "#", "-"),
        fc.constantFrom("中", "é", "🔥", "\u0000", "\u2028", "a", "Z"),
      ),
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (device, card) => {
        const reading = readingWith({ kind: "tap", device, value: null, detail: { card } });
        expect(await one.write([reading, readingWith({})])).toEqual({ rejected: [] });
        const rows = await influx.query(`SELECT * FROM "tap" WHERE seq = ${reading.seq}`, { database });
        const expected = device.replaceAll(/\p{Cc}/gu, " ").replace(/\\+$/, (slashes) => "/".repeat(slashes.length));
        expect(rows).toMatchObject([{ device: expected === "" ? "-" : expected, card }]);
        expect(await one.readings({ kind: "tap", device: expected === "" ? "-" : expected })).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("sets apart what conflicts with what is there, and stores the rest", async () => {
    const one = open();
    await one.write([readingWith({})]);
    await one.writeLines(['pressure,device=other value="text" 1']);
    const bad = [3, 4, 11].map((at) => readingWith({ kind: "pressure", device: "boiler-1", at, value: at }));
    const good = Array.from({ length: 500 }, (_, index) => readingWith({ value: index }));
    const readings = [...good.slice(0, 250), ...bad, ...good.slice(250)];
    const { rejected } = await one.write(readings);
    expect(new Set(rejected.map(({ reading }) => reading))).toEqual(new Set(bad));
    expect(rejected).toHaveLength(3);
    expect(rejected[0]?.reason).toContain("field type conflict");
    const [counted] = await influx.query(`SELECT count(value) FROM "level"`, { database });
    expect(counted?.["count"]).toBe(501);
  });

  it("sets apart what is older than the retention policy, and times that are none", async () => {
    await influx.query(`CREATE DATABASE ${quoteName(database)} WITH DURATION 1h NAME "short"`);
    const one = store({ url: influx.url, database, retention_policy: "short" });
    const late = readingWith({ at: Date.UTC(2001, 1, 1) });
    const never = readingWith({ at: 9e15, device: "x" });
    const recent = readingWith({ at: Date.now() });
    const { rejected } = await one.write([late, never, recent]);
    expect(rejected.map(({ reading }) => reading)).toEqual(expect.arrayContaining([late, never]));
    expect(rejected).toHaveLength(2);
    expect(await one.readings({ from: recent.at - 1 })).toMatchObject([{ seq: recent.seq }]);
  });

  it("writes lines of other measurements and names those that are wrong", async () => {
    const one = open();
    const gateway = { id: "g", connected: true, backlog: 0, queued: null, status: null };
    const rejected = await one.writeLines([gatewayStatusLine("yitong-court", gateway, 5), "nonsense"]);
    expect(rejected).toEqual([{ line: "nonsense", reason: expect.stringContaining("unable to parse") as string }]);
    expect(await influx.query(`SELECT * FROM gateway_status`, { database })).toMatchObject([{ connected: 1 }]);
  });

  it("says that it is unavailable while influxd is gone, and goes on when it is back", async () => {
    const own = await startInflux();
    const one = store({ url: own.url, database: "x" });
    await own.kill();
    await expect(one.write([readingWith({})])).rejects.toMatchObject({ code: "store_unavailable", retryable: true });
    await expect(one.readings({})).rejects.toMatchObject({ code: "store_unavailable", retryable: true });
    await own.restart();
    expect(await one.write([readingWith({})])).toEqual({ rejected: [] });
    await own.stop();
  });

  it("signs on where influxd asks for it, and says what to correct where it is refused", async () => {
    const admin = { username: "gengfu", password: 'p:ss w"rd' };
    const own = await startInflux({ admin });
    const settings = { url: own.url, database: "x" };
    await store({ ...settings, ...admin }).write([readingWith({})]);
    await expect(store(settings).write([readingWith({})])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/answered 401.*`password`/) as string,
    });
    expect(await store({ ...settings, ...admin }).readings({})).toHaveLength(1);
    await own.stop();
  });
});

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
