import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

export interface SourceFile {
  /** From the top of the repository. */
  readonly path: string;
  readonly text: string;
}

/** What is text and could be anything but made by a machine or copied. */
const notText = /\.(png|ico|woff2|sqlite|wasm)$|^package-lock\.json$/;

/** Every text file that is in the repository, or would be with the next commit. */
export function allFiles(): SourceFile[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  return execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64_000_000 })
    .split("\0")
    .filter((path) => path !== "" && !notText.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The TypeScript among them. */
export function typescript(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(({ path }) => /\.tsx?$/.test(path));
}

/** The lines of a source in which something stands, comments left out, as `path:line`. */
export function findInCode(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    withoutComments(text)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}

/** What a source imports, from itself or from elsewhere. */
export function importsOf({ text }: SourceFile): string[] {
  const statements = withoutComments(text).matchAll(/(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"/g);
  const others = withoutComments(text).matchAll(/\bimport\s*\(?\s*"([^"]+)"/g);
  return [...statements, ...others].map((match) => match[1] ?? "");
}

/** Blanks comments, so that line numbers stay; a `//` that follows a colon is an address. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "))
    .replaceAll(/(^|[^:"'`\\])\/\/[^\n]*/gm, "$1");
}
