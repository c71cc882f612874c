import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { tapsSchema } from "./schema.ts";

it("the configuration of taps is as the README shows it, which is how it is by default", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const { taps } = parse(/```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "") as { taps: unknown };
  expect(tapsSchema.parse(taps)).toEqual(tapsSchema.parse({}));
  expect(tapsSchema.parse({})).toEqual({ repeat_within: 5_000, answer_within: 2_000 });
});
