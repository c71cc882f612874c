import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format } from "oxfmt";
import { readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { facilityDashboard } from "./facility.ts";
import { defaultFigures, type Figures } from "./figures.ts";
import { wallDashboard } from "./wall.ts";

export const demoSiteFile = join(import.meta.dirname, "../../deploy/demo/site.yaml");
export const outputFolder = join(import.meta.dirname, "../json");

/** The dashboards' files by name: the same site gives the same bytes, laid out as the repository's formatter would. */
export async function render(site: Site, figures: Figures = defaultFigures): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, dashboard] of [
    ["wall.json", wallDashboard(site, figures)],
    ["facility.json", facilityDashboard(site, figures)],
  ] as const) {
    const { code, errors } = await format(name, JSON.stringify(dashboard, null, 2), { printWidth: 120 });
    if (errors.length > 0) throw new Error(`${name} can't be formatted: ${errors[0]?.message}`);
    files.set(name, code);
  }
  return files;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { site: { type: "string", default: demoSiteFile }, out: { type: "string", default: outputFolder } },
  });
  const files = await render(readConfig(values.site, siteSchema));
  mkdirSync(values.out, { recursive: true });
  for (const [name, content] of files) {
    writeFileSync(join(values.out, name), content);
    console.log(`wrote ${join(values.out, name)}`);
  }
}

if (import.meta.main) await main();
