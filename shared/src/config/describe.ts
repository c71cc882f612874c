import type { z } from "zod";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

export interface Described {
  readonly path: Path;
  readonly found: string;
  readonly allowed: string;
}

/** What a person needs of an issue of zod's: where, what was found, what is allowed. */
export function describeIssue(issue: Issue, raw: unknown): Described[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      found: `the key ${JSON.stringify(key)}`,
      allowed: "no such key here; check its spelling, or remove it",
    }));
  }
  if (issue.code === "invalid_union") {
    const nearest = nearestBranch(issue.errors);
    if (nearest !== undefined) {
      return nearest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, raw));
    }
  }
  return [{ path: issue.path, found: show(lookUp(raw, issue.path)), allowed: allowedBy(issue) }];
}

/** The branch of a union that came furthest: its first mistake lies deepest. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map((issue) => issue.path.length));
  return branches.filter((issues) => depth(issues) > 0).sort((a, b) => depth(b) - depth(a))[0];
}

function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "object" ? "a mapping of keys" : `${article(issue.expected)} ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => String(value)).join(", ")}`;
    case "too_small":
      return `${bound(issue.origin)} ${issue.inclusive === false ? "greater than" : "of at least"} ${issue.minimum}`;
    case "too_big":
      return `${bound(issue.origin)} ${issue.inclusive === false ? "less than" : "of at most"} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function bound(origin: string): string {
  if (origin === "string") return "a text with a length";
  if (origin === "array" || origin === "set") return "a list with a length";
  return "a number";
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? "an" : "a";
}

export function lookUp(raw: unknown, path: Path): unknown {
  let value: unknown = raw;
  for (const key of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A value as a person would recognise it, cut to a line. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
}
