import { UsageError } from "./arguments.ts";
import { runCommand } from "./command.ts";
import { check, checkHelp } from "./commands/check.ts";
import { fireTest, fireTestHelp } from "./commands/fire-test.ts";
import { header, headerHelp } from "./commands/header.ts";
import { schema, schemaHelp } from "./commands/schema.ts";
import { simulate, simulateHelp } from "./simulator/run.ts";

const help = `Tools for those who write firmware. 固件开发工具。

  npm run contract -- check [FILE]            does what a device publishes keep the contract? 检查消息是否符合约定
  npm run contract -- schema [KIND]           the JSON Schema of a payload 消息的 JSON Schema
  npm run contract -- header [--out FILE]     a header with an encoder for C and C++ C/C++ 头文件与编码器
  npm run contract -- simulate --site FILE    simulated devices 模拟设备
  npm run contract -- fire-test               a fire test from end to end 火警测试

Each of them has its own --help.`;

const commands = {
  check: { help: checkHelp, run: check },
  schema: { help: schemaHelp, run: schema },
  header: { help: headerHelp, run: header },
  simulate: { help: simulateHelp, run: simulate },
  "fire-test": { help: fireTestHelp, run: fireTest },
} as const;

const [name, ...rest] = process.argv.slice(2);
const command = Object.entries(commands).find(([known]) => known === name)?.[1];
if (command !== undefined) {
  await runCommand(command.help, rest, command.run);
} else if (name === undefined) {
  console.log(help);
  process.exitCode = 2;
} else {
  await runCommand(help, [name], () => {
    throw new UsageError(`found ${name}, allowed: one of ${Object.keys(commands).join(", ")}`);
  });
}
