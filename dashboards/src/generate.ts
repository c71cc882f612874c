import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { facilityDashboard } from "./facility.ts";
import { defaultFigures, type Figures } from "./figures.ts";
import { wallDashboard } from "./wall.ts";

export const demoSiteFile = join(import.meta.dirname, "../../deploy/demo/site.yaml");
export const outputFolder = join(import.meta.dirname, "../json");

/** The dashboards' files by name: the same site gives the same bytes. */
export function render(site: Site, figures: Figures = defaultFigures): Map<string, string> {
  const dashboards = { "wall.json": wallDashboard(site, figures), "facility.json": facilityDashboard(site, figures) };
  return new Map(Object.entries(dashboards).map(([name, board]) => [name, `${JSON.stringify(board, null, 2)}\n`]));
}

function main(): void {
  const { values } = parseArgs({
    options: { site: { type: "string", default: demoSiteFile }, out: { type: "string", default: outputFolder } },
  });
  const files = render(readConfig(values.site, siteSchema));
  mkdirSync(values.out, { recursive: true });
  for (const [name, content] of files) {
    writeFileSync(join(values.out, name), content);
    console.log(`wrote ${join(values.out, name)}`);
  }
}

if (import.meta.main) main();
