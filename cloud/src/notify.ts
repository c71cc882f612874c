import { parseArgs } from "node:util";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import { systemClock } from "@gengfu/shared/time/clock";
import { readCloudConfig } from "./config.ts";
import { createChannels } from "./notifiers/channels.ts";
import { sendTests } from "./notifiers/test-message.ts";

const usage = `Tries the channels to people. It needs nothing of a running cloud, and does not count in its budgets.

  npm run notify -- test --config FILE [--channel NAME] [--to PERSON]

  --config FILE   the cloud's configuration
  --channel NAME  only this channel, such as wecom-bot; all that are configured without it
  --to PERSON     id of a person of the sites' files; the first on call without it
  --help          this text

Ends with 0 when every channel took the message, with 2 when one did not, and with 1 when nothing could be tried.
`;

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        config: { type: "string" },
        channel: { type: "string" },
        to: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) {
      process.stdout.write(usage);
      return 0;
    }
    const [command, ...others] = positionals;
    if (command !== "test" || others.length > 0) throw new Error("the command is `test`");
    if (values.config === undefined) throw new Error("--config FILE is missing");
    return await test(values.config, values.channel, values.to);
  } catch (error) {
    process.stderr.write(error instanceof GengfuError ? `${error.message}\n` : `${messageOf(error)}\n\n${usage}`);
    return 1;
  }
}

async function test(file: string, channel: string | undefined, to: string | undefined): Promise<number> {
  const reader = new ConfigReader();
  const setup = readCloudConfig(reader, file);
  reader.finish();
  if (setup === undefined) return 1;
  const { notifications } = setup.config;
  const isTaken = await sendTests({
    channels: createChannels(notifications, systemClock),
    sites: setup.sites,
    channel,
    to,
    timeout_ms: notifications.timeout,
    clock: systemClock,
    say: (line) => void process.stdout.write(`${line}\n`),
  });
  return isTaken ? 0 : 2;
}
