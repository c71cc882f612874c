import { cpus, totalmem } from "node:os";

/** A figure, with what it must reach where the product promises something. */
export interface Row {
  readonly what: string;
  readonly value: string;
  /** What it is held against. */
  readonly target: string;
  readonly reached: boolean | null;
}

export interface Section {
  readonly title: string;
  readonly command: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] as number;
}

/** `median (least to most)`. */
export function spread(
  values: readonly number[],
  format: (value: number) => string = (value) => value.toFixed(2),
): string {
  return `${format(median(values))} (${format(Math.min(...values))} to ${format(Math.max(...values))})`;
}

export const perSecond = (value: number): string => `${(value / 1_000).toFixed(1)}k/s`;

export function toMarkdown(sections: readonly Section[], when: string): string {
  const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const body = sections.map(({ title, command, rows, notes }) => {
    const table = rows.map(
      ({ what, value, target, reached }) =>
        `| ${what} | ${value} | ${target} | ${reached === null ? "" : reached ? "yes" : "**no**"} |`,
    );
    return [
      `## ${title}`,
      "",
      `\`${command}\``,
      "",
      "| figure | measured: median (least to most) | target | reached |",
      "| --- | --- | --- | --- |",
      ...table,
      ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `- ${note}`)]),
    ].join("\n");
  });
  return [
    `# Benchmark results`,
    "",
    `${when}; ${machine}. Peers ran in the same run; trust the ratios.`,
    "",
    ...body.flatMap((text) => [text, ""]),
  ].join("\n");
}
