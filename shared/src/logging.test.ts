import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

const logging = join(import.meta.dirname, "logging.ts");

/** Logs when it is told to, and ends as the services do. */
const service = `
  import { createLogger } from ${JSON.stringify(logging)};
  const logger = createLogger("service");
  logger.info("started");
  process.once("message", (level) => {
    logger.info("stopping");
    logger[level]("stopped");
    process.exit(0);
  });
`;

test.each(["info", "fatal"])("a service whose output nobody reads any more ends all the same (%s)", async (level) => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", service], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    timeout: 20_000,
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  expect(JSON.parse(line.toString())).toMatchObject({ level: "info", service: "service", msg: "started" });
  child.stdout?.destroy();
  await once(child.stdout as NodeJS.ReadableStream, "close");
  child.send(level);
  expect(await once(child, "exit")).toEqual([0, null]);
});
