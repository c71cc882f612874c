import type { Metric } from "../api/metrics.ts";
import type { FindingStats } from "./findings.ts";

/** What `GET /metrics` tells of the rectification ledger. */
export function findingMetrics({ states, overdue, tapsForgotten }: FindingStats): Metric[] {
  return [
    {
      name: "findings_open",
      help: "Findings of the rectification ledger that someone still has to see to, by state.",
      type: "gauge",
      samples: [...states].map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: "findings_overdue",
      help: "Of those, the ones whose measure or work is late.",
      type: "gauge",
      samples: [{ value: overdue }],
    },
    {
      name: "finding_taps_forgotten_total",
      help: "Taps that may have belonged to a defect's, let go of at the bound.",
      type: "counter",
      samples: [{ value: tapsForgotten }],
    },
  ];
}
