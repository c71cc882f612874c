import { flushCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { GengfuError, messageOf } from "./errors.ts";
import { createLogger, type Logger } from "./logging.ts";
import { systemClock } from "./time/clock.ts";

/** Where a service can be reached, by name. */
export type Addresses = Readonly<Record<string, string>>;

export interface ServiceOptions<Config> {
  readonly name: string;
  /** What `--help` says. */
  readonly usage: string;
  /** Reads the configuration; throws a GengfuError that names its mistakes. */
  readonly read: (file: string) => Config;
  /** Of a configuration that is right, what `--check` says. */
  readonly summary: (config: Config) => string;
  /** Starts the service; what it puts on the stack ends it in good order. Where it fails half way the process just ends. */
  readonly start: (config: Config, logger: Logger, stack: AsyncDisposableStack) => Promise<Addresses>;
  /** How long the end may take: what was acknowledged is on disk, so that no one need wait for longer; 5,000 by default. */
  readonly stop_timeout_ms?: number;
}

/** When a service is taken to have settled: until then there is more urgent work, such as a backlog. */
const settled_ms = 60_000;

/** The whole life of a service's process: its command line, its start, its end when it is asked to. */
export async function runService<Config>(options: ServiceOptions<Config>): Promise<void> {
  const config = readCommandLine(options);
  if (config === undefined) return;
  const { name, start, stop_timeout_ms = 5_000 } = options;
  const logger = createLogger(name);
  const fail = (error: unknown): never => {
    // what was raised on purpose says what to do; of a bug the stack is needed
    if (error instanceof GengfuError) logger.fatal({ code: error.code, ...error.context }, error.message);
    else logger.fatal({ err: error }, `the ${name} fails; whatever was acknowledged is on disk`);
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const stack = new AsyncDisposableStack();
  const asked = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
    // whoever started this process over a channel and went away can't stop it any more
    process.once("disconnect", () => resolve("the parent process is gone"));
  });
  void asked.then((reason) => {
    logger.info({ reason }, "stopping");
    systemClock.after(stop_timeout_ms, () => fail(new Error("stopping took too long")));
  });

  const addresses = await start(config, logger, stack).catch(fail);
  logger.info(addresses, `the ${name} is ready`);
  // before its end, since a process that is killed would not get to it; without a cache folder it does nothing
  systemClock.after(settled_ms, flushCompileCache);
  process.send?.({ ready: true, ...addresses });

  await asked;
  await stack.disposeAsync().catch(fail);
  logger.info("stopped");
  // what hangs, such as a request to a vendor, must not hold up the end
  process.exit(0);
}

/** Undefined where there is nothing to run. */
function readCommandLine<Config>({ usage, read, summary }: ServiceOptions<Config>): Config | undefined {
  let file: string | undefined;
  let isCheck = false;
  try {
    const { values } = parseArgs({
      options: { config: { type: "string" }, check: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help === true) {
      process.stdout.write(usage);
      return undefined;
    }
    file = values.config;
    isCheck = values.check === true;
    if (file === undefined) throw new Error("--config FILE is missing");
  } catch (error) {
    return refuse(`${messageOf(error)}\n\n${usage}`);
  }
  try {
    const config = read(file);
    if (!isCheck) return config;
    process.stdout.write(`${file} is right: ${summary(config)}\n`);
    return undefined;
  } catch (error) {
    if (!(error instanceof GengfuError)) throw error;
    return refuse(`${error.message}\n`);
  }
}

function refuse(why: string): undefined {
  process.stderr.write(why);
  process.exitCode = 1;
}
