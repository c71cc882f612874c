import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readingWith, storeContract } from "@gengfu/cloud/stores/contract";
import { quoteName } from "@gengfu/cloud/stores/influx/influx-client";
import { InfluxStore } from "@gengfu/cloud/stores/influx/influx-store";
import { gatewayStatusLine } from "@gengfu/cloud/stores/influx/lines";
import { influxSettings } from "@gengfu/cloud/stores/influx/settings";
import { startInflux, type Influx } from "../support/influxd.ts";
import { lacks } from "../support/tools.ts";

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
