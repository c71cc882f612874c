import type { FindingSource, FindingState, FindingStepKind, Grade } from "./finding.ts";

/** What people call it, Chinese and English in one text. */
export const stateNames: Readonly<Record<FindingState, string>> = {
  open: "待整改 open",
  in_progress: "整改中 in progress",
  done: "待验收 done",
  verified: "已销号 verified",
  cancelled: "已撤销 cancelled",
};

export const gradeNames: Readonly<Record<Grade, string>> = {
  urgent: "紧急 urgent",
  serious: "严重 serious",
  ordinary: "一般 ordinary",
};

export const sourceNames: Readonly<Record<FindingSource, string>> = {
  hand: "人工登记 by hand",
  alert: "报警 alert",
  tap: "巡更打点 tap",
};

export const stepNames: Readonly<Record<FindingStepKind, string>> = {
  found: "发现 found",
  start: "开始整改 started",
  plan: "安排 planned",
  note: "备注 note",
  finish: "整改完成 done",
  verify: "验收通过 verified",
  reject: "验收退回 rejected",
  cancel: "撤销 cancelled",
  seen_again: "再次发现 seen again",
  proposal_overdue: "措施超期 no measure in time",
  overdue: "整改超期 overdue",
};
