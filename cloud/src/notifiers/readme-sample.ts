import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@gengfu/shared/config/reader";
import { z } from "zod";

/** For tests: the sample of a channel's README as its schema reads it, under a key of `notifications`, or all of it. */
export function readSample<Schema extends z.ZodType>(
  folder: string,
  key: string,
  schema: Schema,
  env: Record<string, string> = {},
): z.output<Schema> {
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  const sample = /```yaml\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const temporary = mkdtempSync(join(tmpdir(), "gengfu-sample-"));
  try {
    const file = join(temporary, "cloud.yaml");
    writeFileSync(file, sample);
    const notifications: z.ZodType = key === "" ? schema : z.strictObject({ [key]: schema });
    const { notifications: read } = readConfig(file, z.strictObject({ notifications }), env);
    return (key === "" ? read : (read as Record<string, unknown>)[key]) as z.output<Schema>;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
