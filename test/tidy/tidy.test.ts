import { readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { configurationDocument, errorsDocument } from "../../deploy/src/documents.ts";
import { describe, expect, test } from "vitest";
import { allFiles, findInCode, importsOf, typescript, type SourceFile } from "./sources.ts";

const root = join(import.meta.dirname, "..", "..");
const files = allFiles();
const sources = typescript(files);

describe("packages import only what the architecture allows", () => {
  const anything = ["shared", "firmware-contracts", "edge", "cloud", "dashboards", "deploy", "test"];
  const allowed: Readonly<Record<string, readonly string[]>> = {
    shared: [],
    "firmware-contracts": ["shared"],
    edge: ["shared", "firmware-contracts"],
    cloud: ["shared", "firmware-contracts"],
    dashboards: ["shared"],
    deploy: anything,
    test: anything,
  };

  test.each(Object.keys(allowed))("%s", (name) => {
    const wrong = sources
      .filter(({ path }) => path.startsWith(`${name}/`))
      .flatMap((file) =>
        importsOf(file).map((specifier) => ({ path: file.path, specifier, to: packageOf(file, specifier) })),
      )
      .filter(({ to }) => to !== undefined && to !== name && allowed[name]?.includes(to) !== true)
      // servers that stand in for what can't be reached are shared by all tests
      .filter(({ path, specifier }) => !(path.endsWith(".test.ts") && /\/test\/support\/[\w-]+\.ts$/.test(specifier)))
      .map(({ path, specifier }) => `${path} imports ${specifier}`);
    expect(wrong).toEqual([]);
  });

  /** Which package of ours an import leads to. */
  function packageOf({ path }: SourceFile, specifier: string): string | undefined {
    if (specifier.startsWith("@gengfu/")) return specifier.split("/")[1];
    if (!specifier.startsWith(".")) return undefined;
    return normalize(join(dirname(path), specifier)).split("/")[0];
  }
});

test("no source has more than 500 lines", () => {
  const long = sources.filter(({ text }) => text.split("\n").length > 501).map(({ path }) => path);
  expect(long).toEqual([]);
});

describe("nothing is forced past the compiler or the linter", () => {
  test.each([
    ["any", /[:<,|(]\s*any\b(?!["'`])|\bas any\b/],
    ["a cast by way of unknown", /\bas unknown as\b/],
    ["an empty catch", /catch\s*(\(\w+\))?\s*\{\s*\}/],
  ])("%s", (_, pattern) => {
    expect(findInCode(sources, pattern)).toEqual([]);
  });

  test("comments that switch a check off", () => {
    const pattern = /@ts-(ignore|expect-error|nocheck)|(oxlint|eslint)-disable|oxfmt-ignore|v8 ignore/;
    const found = sources.filter(({ path, text }) => path !== "test/tidy/tidy.test.ts" && pattern.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test("tests that are left out, or tried again", () => {
    const tests = sources.filter(({ path }) => path.endsWith(".test.ts") && !path.startsWith("test/tidy/"));
    expect(findInCode(tests, /\b(test|it|describe)\.(skip|only|todo|fails)\b|\bretry:/)).toEqual([]);
  });
});

describe("time comes from outside", () => {
  /** Where the clock is made, and the rims that no simulation reaches. */
  const rims: readonly string[] = [
    "shared/src/time/",
    // how long the machine has run
    "edge/src/intake/machine.ts",
    // the browser's own clock, frames and sounds
    "cloud/web/src/main.tsx",
    "cloud/web/src/screen/",
    "cloud/web/src/components/trend-chart.tsx",
  ];

  test("no clock and no timer beyond the rims", () => {
    const inner = sources.filter(
      ({ path }) =>
        !path.startsWith("test/") && !path.endsWith(".test.ts") && !rims.some((rim) => path.startsWith(rim)),
    );
    const pattern =
      /\bDate\.now\(|\bnew Date\(\)|\bTemporal\.Now\b|\bperformance\.now\(|\bhrtime\b|\bset(Timeout|Interval)\(/;
    expect(findInCode(inner, pattern)).toEqual([]);
  });

  test("no test sleeps", () => {
    const tests = sources.filter(({ path }) => path.endsWith(".test.ts") && path !== "test/tidy/tidy.test.ts");
    expect(findInCode(tests, /\bset(Timeout|Interval)\b|\bwaitForTimeout\(/)).toEqual([]);
  });
});

describe("names", () => {
  const papers = /^[A-Z]+\.md$|^LICENSE$|^Dockerfile(\.[a-z]+)?$/;
  const kebab = /^\.?[a-z0-9@]+(-[a-z0-9]+)*(\.[a-z0-9@]+(-[a-z0-9]+)*)*$/;

  /** Node-RED looks for its texts by the language's name. */
  const locale = /^[a-z]{2}-[A-Z]{2}$/;

  test("files and folders are in kebab case", () => {
    const isRight = (part: string): boolean => kebab.test(part) || papers.test(part) || locale.test(part);
    const wrong = files.map(({ path }) => path).filter((path) => !path.split("/").every(isRight));
    expect(wrong).toEqual([]);
  });

  test("no file is named after nothing in particular", () => {
    const vague = /^(utils?|helpers?|misc|common|index)\.tsx?$/;
    expect(sources.map(({ path }) => path).filter((path) => vague.test(basename(path)))).toEqual([]);
  });

  test("no file hands on what others export", () => {
    expect(findInCode(sources, /^\s*export\s+\*\s+from\b/)).toEqual([]);
  });
});

test("nothing speaks of how or where it was made", () => {
  const words = ["shared/design", "helper session", "brief.md", "/work/", "/tmp/brief", "session id", "registry.npmjs"];
  const found = files
    .filter(({ path }) => path !== "test/tidy/tidy.test.ts")
    .flatMap(({ path, text }) => words.filter((word) => text.includes(word)).map((word) => `${path}: ${word}`));
  expect(found).toEqual([]);
});

describe("documents that are made from code are current: if not, npm run generate", () => {
  test("docs/errors.md lists the errors of the code", () => {
    expect(readFileSync(join(root, "docs", "errors.md"), "utf8")).toBe(errorsDocument());
  });

  test("docs/configuration.md lists the settings of the schemas", () => {
    expect(readFileSync(join(root, "docs", "configuration.md"), "utf8")).toBe(configurationDocument());
  });
});

test("every error code is raised somewhere", () => {
  const codes = [...errorsDocument().matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? "");
  const elsewhere = sources.filter(({ path }) => path !== "shared/src/errors.ts" && !path.endsWith(".test.ts"));
  expect(codes.filter((code) => !elsewhere.some(({ text }) => text.includes(`"${code}"`)))).toEqual([]);
});
