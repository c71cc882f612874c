import type { Severity } from "@gengfu/shared/model/rule";
import type { Text } from "@gengfu/shared/model/text";
import { colours } from "./thresholds.ts";

export const severityNames: Record<Severity, Text> = {
  critical: { zh: "严重", en: "Critical" },
  warning: { zh: "警告", en: "Warning" },
  info: { zh: "提示", en: "Info" },
};

export const severityColours: Record<Severity, string> = {
  critical: colours.bad,
  warning: colours.watch,
  info: colours.neutral,
};
