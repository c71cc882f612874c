export interface Metric {
  /** Without the common beginning `gengfu_cloud_`; counters end in `_total`, sizes in their unit. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The text format of Prometheus, version 0.0.4. */
export function render(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, samples }) => {
      const full = `gengfu_cloud_${name}`;
      const lines = samples.map(({ labels, value }) => `${full}${renderLabels(labels)} ${renderValue(value)}`);
      return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines, ""].join("\n");
    })
    .join("");
}

function renderLabels(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function renderValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
