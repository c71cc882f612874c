/** What those need who write rules: `npm run rules -- test|replay`. */
import { runCommand } from "@gengfu/firmware-contracts/command";
import { UsageError } from "@gengfu/firmware-contracts/arguments";
import { replay, replayHelp } from "./replay-command.ts";
import { test, testHelp } from "./test-command.ts";

const help = `Tools for those who write rules. 规则工具。

  npm run rules -- test FILE...        do the rules what the examples say? 用示例检验规则
  npm run rules -- replay --site FILE  what would changed rules have raised? 用历史数据试运行修改后的规则

Each of them has its own --help.`;

const commands = { test: { help: testHelp, run: test }, replay: { help: replayHelp, run: replay } } as const;

const [name, ...rest] = process.argv.slice(2);
const command = Object.entries(commands).find(([known]) => known === name)?.[1];
if (command !== undefined) await runCommand(command.help, rest, command.run);
else if (name === undefined) {
  console.log(help);
  process.exitCode = 2;
} else {
  await runCommand(help, [name], () => {
    throw new UsageError(`found ${name}, allowed: one of ${Object.keys(commands).join(", ")}`);
  });
}
