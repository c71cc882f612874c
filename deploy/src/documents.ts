import { cloudSchema } from "@gengfu/cloud/config";
import { edgeConfig } from "@gengfu/edge/config";
import { errorCodes } from "@gengfu/shared/errors";
import { site } from "@gengfu/shared/model/site";
import type { z } from "zod";
import { settingsTable } from "./settings-table.ts";

const made = "<!-- Made by `npm run generate`; change the code instead. -->";

/** docs/errors.md: every error that is raised on purpose, with its remedy. */
export function errorsDocument(): string {
  const rows = Object.entries(errorCodes).map(([code, text]) => `| \`${code}\` | ${text} |`);
  return `${made}

# Errors

Every error that Gengfu raises on purpose has one of these codes, in logs as \`err.code\`. They are stable: what is said
about them may change, the codes don't.

| code | what it means and what to do |
| --- | --- |
${rows.join("\n")}
`;
}

interface File {
  readonly name: string;
  readonly about: string;
  readonly schema: z.ZodType;
}

const files: readonly File[] = [
  {
    name: "site.yaml",
    about: "What is there, who works there, what is watched. Edge and cloud read the same file.",
    schema: site,
  },
  {
    name: "edge.yaml",
    about: "One gateway: `npm run edge -- --config edge.yaml`.",
    schema: edgeConfig,
  },
  {
    name: "cloud.yaml",
    about: "The cloud: `npm run cloud -- --config cloud.yaml`.",
    schema: cloudSchema,
  },
];

/** docs/configuration.md: every setting of every file. */
export function configurationDocument(): string {
  const sections = files.map(({ name, about, schema }) => `## ${name}\n\n${about}\n\n${settingsTable(schema)}\n`);
  return `${made}

# Configuration

Three YAML files. \`\${NAME}\` and \`\${NAME:-default}\` are taken from the environment, and a value \`file:PATH\` from a
file (relative to the one it stands in), so that no secret need stand in a configuration. A service checks all its files
before it starts anything, and names every mistake with file, line, what was found and what is allowed.

A *duration* is a number with a unit: \`500ms\`, \`30s\`, \`10m\`, \`2h\`, \`1d\`. A *name* has 1 to 64 letters, digits, \`-\`
or \`_\`, and begins and ends with a letter or digit.

${sections.join("\n")}`;
}
