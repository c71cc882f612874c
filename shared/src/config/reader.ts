import { readFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, Scalar, visit } from "yaml";
import type { z } from "zod";
import { messageOf } from "../errors.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { describeIssue, formatPath, show } from "./describe.ts";

type Path = readonly PropertyKey[];

/**
 * Reads the configuration files of one start and gathers every mistake in them: read each file, then `finish()`, which
 * throws one `ConfigError` with all of them. `${NAME}` and `${NAME:-default}` are taken from the environment, and a
 * value `file:PATH` from a file (relative to the one it stands in), so that no secret need stand in a configuration.
 */
export class ConfigReader {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #problems: ConfigProblem[] = [];

  constructor(env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#env = env;
  }

  /** The validated content, or undefined where it has mistakes, which `finish()` then reports. */
  read<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> | undefined {
    const before = this.#problems.length;
    const shown = shownName(file);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      this.#problems.push({ file: shown, line: null, path: "", found: messageOf(error), allowed: "a readable file" });
      return undefined;
    }
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, merge: true });
    for (const error of document.errors) {
      this.#problems.push({
        file: shown,
        line: lines.linePos(error.pos[0]).line,
        path: "",
        found: (error.message.split("\n")[0] ?? "").replace(/ at line \d+.*$/, ""),
        allowed: "well-formed YAML",
      });
    }
    if (this.#problems.length > before) return undefined;

    const lineAt = (path: Path): number | null => lineOf(document, lines, path);
    this.#substitute(document, file, (node, found, allowed) => {
      const line = node.range == null ? null : lines.linePos(node.range[0]).line;
      this.#problems.push({ file: shown, line, path: pathOf(document, node), found, allowed });
    });
    if (this.#problems.length > before) return undefined;

    const raw: unknown = document.toJS() ?? {};
    const result = schema.safeParse(raw);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      for (const { path, found, allowed } of describeIssue(issue, raw)) {
        this.#problems.push({ file: shown, line: lineAt(path), path: formatPath(path), found, allowed });
      }
    }
    return undefined;
  }

  /** Reports a mistake that only shows when files are held against each other. */
  reject(file: string, path: Path, found: unknown, allowed: string): void {
    this.#problems.push({ file: shownName(file), line: null, path: formatPath(path), found: show(found), allowed });
  }

  /** Throws `ConfigError` if anything read so far was mistaken. */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #substitute(
    document: Document.Parsed,
    file: string,
    reject: (node: Scalar, found: string, allowed: string) => void,
  ): void {
    visit(document, {
      Scalar: (key, node) => {
        if (key === "key" || typeof node.value !== "string") return;
        const missing: string[] = [];
        const text = node.value.replaceAll(
          /\$\{([A-Z_a-z][A-Z_a-z0-9]*)(?::-([^}]*))?\}/g,
          (_, name: string, fallback: string | undefined) => {
            const value = this.#env[name];
            if (value !== undefined && value !== "") return value;
            if (fallback === undefined) missing.push(name);
            return fallback ?? "";
          },
        );
        if (missing.length > 0) {
          reject(
            node,
            `${node.value}, and ${missing.join(", ")} is not set`,
            "a variable that the environment has, or ${NAME:-default}",
          );
          return;
        }
        if (text.startsWith("file:")) {
          const path = resolve(dirname(file), text.slice("file:".length));
          try {
            node.value = readFileSync(path, "utf8").trim();
          } catch (error) {
            reject(node, messageOf(error), "file: and the path of a readable file");
          }
          return;
        }
        if (text === node.value) return;
        // a plain scalar is what YAML makes of the resulting text: `port: ${PORT}` is a number
        node.value = node.type === Scalar.PLAIN ? parseDocument(text).toJS() : text;
      },
    });
  }
}

/** Reads one file that stands alone. */
export function readConfig<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  env?: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const reader = new ConfigReader(env);
  const config = reader.read(file, schema);
  reader.finish();
  return config as z.output<Schema>;
}

function shownName(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return path.startsWith("..") || isAbsolute(path) ? resolve(file) : path;
}

/** The line of the node at a path, or of the nearest one above it that exists. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: Path): number | null {
  for (let length = path.length; length >= 0; length--) {
    const node = nodeAt(document.contents, path.slice(0, length));
    if (node?.range != null) return lines.linePos(node.range[0]).line;
  }
  return null;
}

function nodeAt(root: Node | null, path: Path): Node | undefined {
  let node: unknown = root;
  for (const key of path) {
    if (isMap(node)) node = node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.value;
    else if (isSeq(node)) node = node.items[Number(key)];
    else return undefined;
  }
  return (node ?? undefined) as Node | undefined;
}

function pathOf(document: Document.Parsed, target: Node): string {
  const found: PropertyKey[] = [];
  const search = (node: unknown, path: PropertyKey[]): boolean => {
    if (node === target) {
      found.push(...path);
      return true;
    }
    if (isMap(node)) {
      return node.items.some((pair) =>
        search(pair.value, [...path, isScalar(pair.key) ? String(pair.key.value) : "?"]),
      );
    }
    return isSeq(node) && node.items.some((item, index) => search(item, [...path, index]));
  };
  search(document.contents, []);
  return formatPath(found);
}
