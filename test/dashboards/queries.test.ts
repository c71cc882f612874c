import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { facilityDashboard } from "@gengfu/dashboards/facility";
import { defaultFigures } from "@gengfu/dashboards/figures";
import { panelsOf, queriesOf, startOf, statementOf, type PanelQuery } from "@gengfu/dashboards/queries";
import { wallDashboard } from "@gengfu/dashboards/wall";
import { InfluxStore } from "@gengfu/cloud/stores/influx/influx-store";
import { influxSettings } from "@gengfu/cloud/stores/influx/settings";
import { siteFacts } from "@gengfu/cloud/site-facts";
import { readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { startInflux, type Influx, type InfluxRow } from "../support/influxd.ts";
import { lacks } from "../support/tools.ts";
import { made, midnightOf, writeHistory } from "./site-history.ts";

const site = readConfig(join(import.meta.dirname, "../../deploy/demo/site.yaml"), siteSchema);
const database = "gengfu";
// 18:00 in Shanghai, after the day's work
const now = Date.UTC(2026, 2, 11, 10);
const boards = { wall: wallDashboard(site, defaultFigures), facility: facilityDashboard(site, defaultFigures) };
const all = { site: ".*", device: ".*" };

describe.skipIf(lacks("influxd"))("dashboards over a real influxd that the cloud's writer filled", () => {
  let influx: Influx;

  beforeAll(async () => {
    influx = await startInflux();
    const store = new InfluxStore(influxSettings.parse({ url: influx.url, database }), siteFacts(site));
    await writeHistory(store, now);
  });
  afterAll(() => influx.stop());

  /** Runs a query as Grafana would for a panel some 300 points wide. */
  function run({ query, range }: PanelQuery, variables: { site: string; device: string } = all): Promise<InfluxRow[]> {
    const from = startOf(range, now, site.time_zone);
    const interval = `${Math.max(10, Math.round((now - from) / 300_000))}s`;
    return influx.query(statementOf(query, { from, to: now, interval, variables }), { database });
  }

  async function rowsOf(board: keyof typeof boards, panel: string): Promise<InfluxRow[]> {
    const queries = queriesOf(boards[board]).filter((query) => query.panel === panel);
    expect(queries, `queries of ${panel}`).not.toEqual([]);
    return (await Promise.all(queries.map((query) => run(query)))).flat();
  }

  describe.each(["wall", "facility"] as const)("%s", (name) => {
    const queries = queriesOf(boards[name]);

    it.each(queries.map((query) => [`${query.panel} ${query.query.refId}`, query] as const))("%s", async (_, query) => {
      const rows = await run(query);
      const values = rows.flatMap((row) => Object.entries(row).filter(([column]) => column !== "time"));
      expect(values.filter(([, value]) => value !== null)).not.toEqual([]);
    });

    it("has nothing for another site, but for alerts, which have no site's tag", async () => {
      for (const query of queries) {
        const rows = await run(query, { ...all, site: "elsewhere" });
        if (!query.query.query.includes('FROM "alert"')) expect(rows, query.panel).toEqual([]);
      }
    });

    it("offers what was written as choices of its variables", async () => {
      for (const { name: variable, query } of boards[name].templating.list ?? []) {
        const statement = (query as { query: string }).query.replace("$site", all.site);
        const values = (await influx.query(statement, { database })).map(({ value }) => value);
        expect(values).toContain(variable === "site" ? "yitong-court" : "tank-fire");
      }
    });
  });

  it("narrows to the chosen device", async () => {
    const query = queriesOf(boards.facility).find(({ panel }) => panel === "水箱液位 · Tank level");
    const rows = query === undefined ? [] : await run(query, { ...all, device: "(tank-fire|boiler-1)" });
    expect(new Set(rows.map(({ device }) => device))).toEqual(new Set(["tank-fire"]));
  });

  it("asks for all panels of both screens in less than a refresh", async () => {
    const started = performance.now();
    for (const board of Object.values(boards)) for (const query of queriesOf(board)) await run(query);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(panelsOf(boards.wall).length + panelsOf(boards.facility).length).toBeGreaterThan(30);
  });

  describe("what the figures mean", () => {
    it("a tank that leaks by night has its slope, one that is filled by day has none", async () => {
      const slopes = (await rowsOf("facility", "夜间液位变化 · Night slope")).filter(({ first }) => first !== null);
      const of = (tank: string): number[] =>
        slopes.filter(({ device }) => device === tank).map(({ first }) => Number(first));
      expect(of("tank-fire")).toHaveLength(made.days);
      for (const slope of of("tank-fire")) expect(slope).toBeCloseTo(-made.leak_m_per_h, 4);
      for (const slope of of("tank-domestic")) expect(Math.abs(slope)).toBeLessThan(0.001);
    });

    it("what a day's refill brought is counted once, on the site's day", async () => {
      const rows = await rowsOf("facility", "每日补水量（液位） · Refilled per day (level)");
      const domestic = rows.filter(({ device }) => device === "tank-domestic");
      expect(domestic).toHaveLength(made.days);
      // today's refill comes at 22:00
      for (const { sum } of domestic.slice(0, -1)) expect(Number(sum)).toBeCloseTo(made.refill_m, 1);
      expect(domestic.at(-1)?.["sum"]).toBe(0);
      const midnights = domestic.map(({ time }) => midnightOf(Date.parse(String(time))) === Date.parse(String(time)));
      expect(midnights.every(Boolean)).toBe(true);
    });

    it("people are counted by day through the gate's restarts", async () => {
      const rows = await rowsOf("facility", "每日安检人次 · People screened per day");
      expect(rows.map(({ sum }) => sum)).toEqual(Array.from({ length: made.days }, () => made.peoplePerDay));
      expect(await rowsOf("wall", "今日安检 · Screened today")).toMatchObject([{ sum: made.peoplePerDay }]);
    });

    it("taps of today, and the checkpoints among them", async () => {
      expect(await rowsOf("wall", "今日打卡 · Taps today")).toMatchObject([{ count: made.taps.length }]);
      expect(await rowsOf("wall", "今日点位 · Points today")).toMatchObject([{ count: 3 }]);
    });

    it("taps by guard, the unregistered card among them", async () => {
      const names = (await rowsOf("facility", "最近打卡 · Latest taps")).map((row) => row["guard_name"]);
      expect(new Set(names)).toEqual(new Set(["张伟", "李娜", null]));
    });

    it("a contact keeps the state of its last change, however long ago", async () => {
      expect(await rowsOf("wall", "火警 · Fire")).toMatchObject([{ channel: "fire", last: 0 }]);
      expect(await rowsOf("wall", "故障 · Fault")).toMatchObject([{ channel: "fault", last: 1 }]);
    });

    it("the newest state of an alert comes last", async () => {
      const rows = await rowsOf("wall", "未关闭告警：严重 · Open alerts: Critical");
      const newest = new Map(rows.map(({ id, state, severity }) => [id, `${severity} ${state}`]));
      expect(newest).toEqual(
        new Map([
          ["a1", "critical closed"],
          ["a2", "warning firing"],
        ]),
      );
    });

    it("a gateway was last seen when its last connected status came", async () => {
      const rows = await rowsOf("wall", "网关最近通信 · Gateway last seen");
      expect(rows.map(({ gateway, time }) => [gateway, Date.parse(String(time))])).toEqual([["main-building", now]]);
    });
  });
});
