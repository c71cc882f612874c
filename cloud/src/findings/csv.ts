import type { Site } from "@gengfu/shared/model/site";
import { siteTime } from "../alerts/alert-text.ts";
import { overdueOf, type Finding, type FindingStep } from "./finding.ts";
import { gradeNames, sourceNames, stateNames, stepNames } from "./names.ts";

const columns = [
  "编号 No.",
  "现场 Site",
  "问题 Finding",
  "等级 Grade",
  "来源 Source",
  "地点 Place",
  "发现时间 Found at",
  "发现人 Found by",
  "责任人 Responsible",
  "整改措施 Measure",
  "期限 Due",
  "超期 Overdue",
  "状态 State",
  "整改结果 Result",
  "完成时间 Done at",
  "完成人 Done by",
  "验收时间 Verified at",
  "验收人 Verified by",
  "经过 Steps",
] as const;

/** What spreadsheets take for a formula when it begins a cell. */
const formula = /^[=+\-@\t\r]/;

/**
 * The ledger as a table for spreadsheets, times by the site's clock: CSV by RFC 4180, with the byte order mark without
 * which Excel takes UTF-8 for the code page of the machine.
 */
export function findingsCsv(
  findings: readonly Finding[],
  stepsOf: (finding: Finding) => readonly FindingStep[],
  sites: readonly Site[],
  now: number,
): string {
  const rows = findings.map((finding) => rowOf(finding, stepsOf(finding), siteOf(sites, finding.site), now));
  return `\uFEFF${[columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

function rowOf(finding: Finding, steps: readonly FindingStep[], site: Site | undefined, now: number): string[] {
  const zone = { time_zone: site?.time_zone ?? "UTC" };
  const time = (at: number | null): string => (at === null ? "" : siteTime(zone, at));
  const { device, checkpoint } = finding;
  const place =
    site?.checkpoints.find(({ id }) => id === checkpoint)?.name.zh ??
    site?.devices.find(({ id }) => id === device)?.name.zh ??
    checkpoint ??
    device ??
    "";
  return [
    String(finding.id),
    site?.name.zh ?? finding.site,
    finding.what,
    gradeNames[finding.grade],
    sourceNames[finding.source],
    place,
    time(finding.foundAt),
    finding.foundBy ?? "",
    finding.responsible ?? "",
    finding.measure ?? "",
    time(finding.dueAt),
    overdueOf(finding, now) === null ? "" : "是 yes",
    stateNames[finding.state],
    finding.result ?? "",
    time(finding.doneAt),
    finding.doneBy ?? "",
    time(finding.verifiedAt),
    finding.verifiedBy ?? "",
    steps
      .map(({ at, who, what, note }) =>
        [time(at), who, stepNames[what], note].filter((part) => part !== null).join(" "),
      )
      .join("\n"),
  ];
}

function cell(text: string): string {
  const harmless = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function siteOf(sites: readonly Site[], id: string): Site | undefined {
  return sites.find((site) => site.id === id);
}
