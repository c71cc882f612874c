import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import { createLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { readCloudConfig, type CloudSetup } from "./config.ts";

const usage = `Usage: npm run cloud -- --config FILE [--check]

  --config FILE   the cloud's configuration, such as cloud.yaml
  --check         only check it, and the sites' files that it names
  --help          this text

docs/configuration.md describes every setting; cloud/cloud.example.yaml is a sample.
`;

/** After this long a stop has failed, and the process ends all the same. */
const stopPatience_ms = 5_000;

const consoleRoot = join(import.meta.dirname, "..", "web", "dist");

interface Arguments {
  readonly config: string;
  readonly check: boolean;
}

function readArguments(): Arguments | undefined {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.config === undefined) throw new Error("--config FILE is needed");
  return { config: values.config, check: values.check };
}

function readSetup(file: string): CloudSetup {
  const reader = new ConfigReader();
  const setup = readCloudConfig(reader, file);
  reader.finish();
  if (setup === undefined) throw new Error(`nothing was read from ${file}`);
  return setup;
}

async function main(): Promise<void> {
  let args: Arguments | undefined;
  try {
    args = readArguments();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    process.exit(1);
  }
  if (args === undefined) {
    process.stdout.write(usage);
    return;
  }

  let setup: CloudSetup;
  try {
    setup = readSetup(args.config);
  } catch (error) {
    if (!(error instanceof GengfuError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  if (args.check) {
    process.stdout.write(`${args.config} is well: ${setup.sites.map(({ id }) => id).join(", ")}\n`);
    return;
  }
  await run(setup);
}

async function run(setup: CloudSetup): Promise<void> {
  const logger = createLogger("cloud");
  const die = (error: unknown): never => {
    logger.fatal({ err: error }, "the cloud ends on a fault of its own; whatever was acknowledged is on disk");
    process.exit(1);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);

  const asked = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
    // whoever started this process over a channel and went away can't stop it any more
    process.once("disconnect", () => resolve("the parent process is gone"));
  });
  // what only looks at the configuration need not load the rest
  const { startCloud } = await import("./cloud.ts");
  const cloud = await startCloud({ setup, consoleRoot, clock: systemClock, logger, random: Math.random }).catch(
    (error: unknown) => {
      if (!(error instanceof GengfuError)) return die(error);
      logger.fatal({ code: error.code, reason: error.message }, "the cloud can't start");
      process.exit(1);
    },
  );
  const { console, api, uplinkBroker } = cloud;
  logger.info({ console, api, uplinkBroker }, "the cloud is ready");
  // now, since a process that is killed would not get to it; without a cache folder it does nothing
  flushCompileCache();
  process.send?.({ ready: true, console, api, uplinkBroker });

  const reason = await asked;
  logger.info({ reason }, "stopping");
  systemClock.after(stopPatience_ms, () => {
    logger.error("the stop took too long; the process ends now, and whatever was acknowledged is on disk");
    process.exit(0);
  });
  await cloud.stop();
  logger.info("stopped");
  // what hangs, such as a request to a vendor, must not hold up the end
  process.exit(0);
}

await main();
