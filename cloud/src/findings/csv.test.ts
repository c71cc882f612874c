import { describe, expect, it } from "vitest";
import { findingsCsv } from "./csv.ts";
import { discovered, replay, type Discovery, type FindingStep } from "./finding.ts";
import { site, start } from "./fixture.ts";

function table(over: Partial<Discovery> = {}, note: string | null = null): string {
  const discovery = {
    site: "court",
    source: "hand",
    alert: null,
    defect: null,
    device: null,
    checkpoint: "lobby",
    what: "灭火器失压",
    grade: "ordinary",
    foundAt: start,
    foundBy: "张伟",
    responsible: "王强",
    measure: "更换",
    proposalDueAt: start + 1,
    dueAt: start + 2,
    ...over,
  } as const;
  const step = discovered(discovery, start, note, "张伟");
  const steps: FindingStep[] = [{ ...step, id: 1, finding: 7, recordedAt: start }];
  const finding = replay(7, steps);
  if (finding === undefined) throw new Error("no finding");
  return findingsCsv([finding], () => steps, [site], start + 5);
}

describe("the ledger as a table", () => {
  it("begins with the byte order mark, names its columns in both languages and tells times by the site's clock", () => {
    const [head = "", row = "", end] = table().split("\r\n");
    expect(head.startsWith("\uFEFF编号 No.,现场 Site,问题 Finding,")).toBe(true);
    expect(row).toBe(
      "7,法院,灭火器失压,一般 ordinary,人工登记 by hand,大厅,2026-01-05 08:00:00,张伟,王强,更换,2026-01-05 08:00:00," +
        "是 yes,待整改 open,,,,,,2026-01-05 08:00:00 张伟 发现 found",
    );
    expect(row.split(",")).toHaveLength(head.split(",").length);
    expect(end).toBe("");
  });

  it("keeps commas, quotes and lines in their cell", () => {
    expect(table({ what: '说 "坏",\n换' })).toContain('7,法院,"说 ""坏"",\n换",一般');
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])("lets no spreadsheet reckon %j", (what) => {
    expect(table({ what })).toContain(`,'${what},`);
  });

  it("names a place that the site no longer has by its id", () => {
    expect(table({ checkpoint: "gone" })).toContain(",gone,");
  });
});
