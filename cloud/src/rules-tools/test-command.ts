import { parseArgs } from "node:util";
import { UsageError } from "@gengfu/firmware-contracts/arguments";
import { runExamples } from "./examples.ts";

export const testHelp = `Runs examples: given these readings, then these alerts. 用示例检验规则：给定读数，应有的报警。

  npm run rules -- test FILE...

  FILE  YAML with \`site\` and \`examples\`; deploy/demo/rules.examples.yaml is a sample

Ends with 0 if all is as expected, 1 if not, 2 if a file can't be read.`;

/** Prints a line for each example. */
export async function test(args: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  if (positionals.length === 0) throw new UsageError("found no file, allowed: one file of examples or more");
  const verdicts = positionals.flatMap((file) => runExamples(file));
  for (const { name, failure } of verdicts) {
    console.log(`${failure === null ? "pass" : "FAIL"}  ${name}`);
    if (failure === null) continue;
    for (const one of failure.expected) console.log(`        expected  ${one}`);
    for (const one of failure.came) console.log(`        came      ${one}`);
    if (failure.came.length === 0) console.log("        came      nothing");
  }
  const failed = verdicts.filter(({ failure }) => failure !== null).length;
  console.log(`${verdicts.length - failed} of ${verdicts.length} examples pass`);
  return failed === 0 ? 0 : 1;
}
