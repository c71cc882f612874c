/** The benchmarks: `npm run bench [-- ingest|whole-way|bytes|backlog|disk|rules] [--rounds N] [--readings N]`; results go to RESULTS.md. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { backlog } from "./backlog.ts";
import { bytes } from "./bytes.ts";
import { disk } from "./disk.ts";
import { ingest } from "./ingest.ts";
import { wholeWay } from "./whole-way.ts";
import { rules } from "./rules.ts";
import { toMarkdown, type Section } from "./report.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, readings: { type: "string", default: "1000000" } },
});
const folder = mkdtempSync(join(tmpdir(), "gengfu-bench-"));
const parts: Record<string, () => Promise<Section[]>> = {
  ingest: async () => [await ingest(folder, Number(values.rounds))],
  "whole-way": async () => [await wholeWay(folder, Number(values.rounds))],
  bytes: () => Promise.resolve([bytes()]),
  backlog: () => backlog(folder, Number(values.readings)),
  rules: () => Promise.resolve([rules(Number(values.rounds))]),
  disk: async () => [await disk(folder, Number(values.rounds))],
};
const chosen = positionals.length === 0 ? Object.keys(parts) : positionals;
const sections: Section[] = [];
try {
  for (const name of chosen) {
    const part = parts[name];
    if (part === undefined) throw new Error(`no benchmark ${name}; there are ${Object.keys(parts).join(", ")}`);
    console.log(`${name} ...`);
    sections.push(...(await part()));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const text = toMarkdown(sections, new Date().toISOString().slice(0, 10));
console.log(`\n${text}`);
const file = join(import.meta.dirname, "RESULTS.md");
if (chosen.length === Object.keys(parts).length) writeFileSync(file, text);
else console.log(`(only part was run: ${readFileSync(file, "utf8").split("\n", 1)[0] ?? ""} stays as it is)`);
