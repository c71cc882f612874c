import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { facilityDashboard } from "./facility.ts";
import { defaultFigures } from "./figures.ts";
import { demoSiteFile, outputFolder, render } from "./generate.ts";
import { influxDatasource } from "./influx.ts";
import { labelOf, seriesOfKind } from "./names.ts";
import { panelsOf, queriesOf, startOf, statementOf } from "./queries.ts";
import { wallDashboard } from "./wall.ts";

const site = readConfig(demoSiteFile, siteSchema);
const wall = wallDashboard(site, defaultFigures);
const facility = facilityDashboard(site, defaultFigures);
const boards: [string, Dashboard][] = [
  ["wall", wall],
  ["facility", facility],
];
const bilingual = /\p{Script=Han}.* · .*[A-Za-z]/u;

describe("the committed files", () => {
  it("are what the generator writes: if not, npm run generate", () => {
    const rendered = render(site);
    expect(readdirSync(outputFolder).toSorted()).toEqual([...rendered.keys()].toSorted());
    for (const [name, content] of rendered) expect(readFileSync(join(outputFolder, name), "utf8"), name).toBe(content);
  });
});

describe.each(boards)("%s", (_, board) => {
  const panels = panelsOf(board);

  it("speaks Chinese and English in every title and label", () => {
    const texts = [
      board.title,
      ...(board.panels ?? []).map(({ title }) => title),
      ...(board.templating.list ?? []).map(({ label }) => label),
    ];
    expect(texts.filter((text) => !bilingual.test(text ?? ""))).toEqual([]);
  });

  it("shows times in the site's zone", () => {
    expect(board.timezone).toBe("Asia/Shanghai");
  });

  it("fills the grid without overlap and numbers its panels", () => {
    const cells = new Set<string>();
    for (const { gridPos, title } of board.panels ?? []) {
      expect(gridPos, title).toBeDefined();
      const { x, y, w, h } = gridPos ?? { x: 0, y: 0, w: 0, h: 0 };
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          const cell = `${column}/${row}`;
          expect(cells.has(cell), `${title} overlaps at ${cell}`).toBe(false);
          cells.add(cell);
        }
      }
    }
    const rows = new Set([...cells].map((cell) => cell.split("/")[1]));
    expect(cells.size, "holes in the grid").toBe(rows.size * 24);
    const ids = (board.panels ?? []).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("asks the provisioned data source, in one InfluxQL statement for each target", () => {
    const provisioned = parse(
      readFileSync(join(import.meta.dirname, "../provisioning/datasources/influxdb.yaml"), "utf8"),
    ) as { datasources: { uid: string; type: string }[] };
    expect(provisioned.datasources.map(({ uid, type }) => ({ uid, type }))).toEqual([influxDatasource]);
    for (const panel of panels) {
      expect(panel.datasource, panel.title).toEqual(influxDatasource);
      expect(queriesOf({ ...board, panels: [panel] }).length, panel.title).toBeGreaterThan(0);
    }
    for (const { panel, query } of queriesOf(board)) {
      expect(query.datasource, panel).toEqual(influxDatasource);
      expect(query.query, panel).toMatch(/^SELECT /);
      expect(query.query, panel).not.toContain(";");
      expect(query.query, panel).toContain("$timeFilter");
    }
  });

  it("leaves nothing of a query unreplaced", () => {
    const choice = { from: 1, to: 2, interval: "5m", variables: { site: ".*", device: "tank-fire" } };
    for (const { query } of queriesOf(board)) expect(statementOf(query, choice)).not.toMatch(/\$(?!\/)/);
  });

  it("says so in both languages where there is no data, or 0 where no rows mean none", () => {
    const words = panels.map(({ fieldConfig }) => fieldConfig?.defaults.noValue ?? "");
    expect(words.filter((word) => word !== "0" && !bilingual.test(word))).toEqual([]);
  });
});

describe("wall", () => {
  const panels = panelsOf(wall);

  it("fits a 1080p screen in kiosk mode, refreshes every 10 s and can't be edited there", () => {
    const bottom = Math.max(...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
    // a row of the grid is 38 px high
    expect(bottom * 38).toBeLessThanOrEqual(1_080);
    expect(wall.refresh).toBe("10s");
    expect(wall.editable).toBe(false);
    expect(wall.timepicker?.hidden).toBe(true);
  });

  it("is legible at five metres: every text has a size, none below 28 px, values at least 48 px", () => {
    for (const panel of panels) {
      const { titleSize, valueSize } = (panel.options as { text: Record<string, number> }).text;
      expect(titleSize, panel.title).toBeGreaterThanOrEqual(28);
      expect(valueSize, panel.title).toBeGreaterThanOrEqual(48);
    }
  });

  it("begins with every contact of the fire panel, each on a tile of its own", () => {
    const contacts = seriesOfKind(site, "contact", "fire_panel");
    expect(contacts.map(({ channel }) => channel)).toEqual(["fire", "fault", "mains"]);
    expect(panels.slice(0, contacts.length).map(({ title }) => title)).toEqual(contacts.map(({ name }) => name));
  });

  it("shows fire in red, a fault in orange, and rest in green", () => {
    const shown = (title: string): unknown => panelOf(wall, title).fieldConfig?.defaults.mappings?.[0]?.options;
    expect(shown("火警 · Fire")).toMatchObject({ "0": { color: "green" }, "1": { color: "red", text: "火警 · Fire" } });
    expect(shown("故障 · Fault")).toMatchObject({ "0": { color: "green" }, "1": { color: "orange" } });
  });

  it("draws the tanks on their scale with the limits of the rules", () => {
    const { overrides } = panelOf(wall, "水箱液位 · Tank level").fieldConfig ?? { overrides: [] };
    const tank = overrides.find(({ matcher }) => matcher.options === labelOf({ device: "tank-fire", channel: null }));
    expect(tank?.properties).toEqual([
      { id: "displayName", value: "消防水箱 · Fire water tank ≥ 1.5 m" },
      {
        id: "thresholds",
        value: {
          mode: "absolute",
          steps: [
            { value: null, color: "red" },
            { value: 1.5, color: "orange" },
            { value: 1.7, color: "green" },
          ],
        },
      },
      { id: "min", value: 0 },
      { id: "max", value: 3 },
    ]);
  });
});

function panelOf(board: Dashboard, title: string): Panel {
  const found = panelsOf(board).find((panel) => panel.title === title);
  if (found === undefined) throw new Error(`no panel ${title}`);
  return found;
}

describe("what queries are run under", () => {
  const now = Date.UTC(2026, 5, 1, 20); // 04:00 on 2 June in Shanghai

  it.each([
    ["90d", now - 90 * 86_400_000],
    ["now-24h", now - 86_400_000],
    ["10m", now - 600_000],
    ["now/d", Date.UTC(2026, 5, 1, 16)],
    ["now-13d/d", Date.UTC(2026, 4, 19, 16)],
  ])("the range %s", (range, from) => {
    expect(startOf(range, now, "Asia/Shanghai")).toBe(from);
  });

  it("no other range", () => {
    expect(() => startOf("yesterday", now, "Asia/Shanghai")).toThrow(RangeError);
  });
});

it("a site with several gateways, tanks and boilers still has a wall of one screen", () => {
  const first = site.devices.find(({ type }) => type === "tank");
  const boiler = site.devices.find(({ type }) => type === "boiler");
  if (first === undefined || boiler === undefined) throw new Error("the demo site has tanks and a boiler");
  const larger = wallDashboard(
    { ...site, devices: [...site.devices, { ...first, id: "tank-roof" }, { ...boiler, id: "boiler-2" }] },
    defaultFigures,
  );
  const names = panelOf(larger, "锅炉温度 · Boiler temperature").fieldConfig?.overrides.map(
    ({ properties }) => properties[0]?.value as unknown,
  );
  expect(names?.[0]).toBe("1 号取暖锅炉 出水温度 · Heating boiler 1 Supply temperature ≤ 85 °C");
  expect(names).toHaveLength(4);
});
