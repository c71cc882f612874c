import { GengfuError } from "../errors.ts";

/** One mistake in a configuration file: where it stands, what is there and what may stand there. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number | null;
  /** Path inside the file, such as `devices[2].secret`. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

/** All mistakes of all files of one start, in one message. */
export class ConfigError extends GengfuError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super("config_invalid", describe(problems));
    this.problems = problems;
  }
}

function describe(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
  const lines = problems.map(
    ({ file, line, path, found, allowed }) =>
      `  ${file}${line === null ? "" : `:${line}`}  ${path === "" ? "(whole file)" : path}\n` +
      `    found:   ${found}\n` +
      `    allowed: ${allowed}`,
  );
  return `${count} in the configuration; nothing was started.\n${lines.join("\n")}`;
}
