import type { DeviceReport, RuleReport } from "./examine.ts";
import type { CheckMode } from "./observation.ts";

const marks: Readonly<Record<RuleReport["verdict"], string>> = {
  holds: "ok    ",
  broken: "BROKEN",
  advice: "advice",
  not_seen: "-     ",
};

/** The report as people read it, in both languages. */
export function reportLines(mode: CheckMode, { device, readings, rules }: DeviceReport): string[] {
  const name = device ?? "publishes of no device 不属于任何设备的消息";
  const count = (verdict: RuleReport["verdict"]): number => rules.filter((rule) => rule.verdict === verdict).length;
  const lines = [`${name}: ${readings} readings 条读数`];
  for (const { rule, title, verdict, problems } of rules) {
    lines.push(`  ${marks[verdict]}  ${rule.padEnd(11)}${title.en} ${title.zh}`);
    for (const problem of problems) {
      lines.push(
        `            ${problem.count} x, first: ${problem.found}`,
        `            advice: ${problem.advice.en}`,
        `            建议：${problem.advice.zh}`,
      );
    }
  }
  const hidden = count("not_seen");
  lines.push(
    `  ${count("holds")} hold, ${count("broken")} broken, ${count("advice")} with advice, ${hidden} not seen. ` +
      `${count("holds")} 项符合，${count("broken")} 项违反，${count("advice")} 项建议，${hidden} 项未观察到。`,
  );
  if (hidden > 0 && mode === "listen") {
    lines.push(
      "  What a broker doesn't hand on can't be seen by listening: let the device sign on to `check --serve PORT`.",
      "  监听看不到连接细节：请让设备连接 check --serve 端口 进行完整检查。",
    );
  }
  return lines;
}
