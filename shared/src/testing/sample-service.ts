import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setImmediate } from "node:timers";
import { GengfuError, messageOf } from "../errors.ts";
import { runService } from "../service.ts";

/** A service that does what its configuration says, which is one word. */
await runService({
  name: "sample",
  usage: "What the sample is for.\n",
  read(file) {
    try {
      return readFileSync(file, "utf8").trim();
    } catch (error) {
      throw new GengfuError("config_invalid", messageOf(error), { cause: error });
    }
  },
  summary: (word) => `it says ${word}`,
  async start(word, _logger, stack) {
    if (word === "never") {
      process.send?.("starting");
      await new Promise(() => undefined);
    }
    await Promise.resolve();
    if (word === "refuse") throw new GengfuError("listen_failed", "the port is taken", { context: { port: 1 } });
    if (word === "break") throw new TypeError("a bug at the start");
    const bug = new TypeError("a bug later");
    if (word === "throw-later") {
      setImmediate(() => {
        throw bug;
      });
    }
    if (word === "reject-later") setImmediate(() => void Promise.reject(bug));
    const server = createServer().listen(0, "127.0.0.1");
    stack.defer(async () => {
      if (word === "hang") await new Promise(() => undefined);
      if (word === "break-at-end") throw new TypeError("a bug at the end");
      server.close();
    });
    return { door: "tcp://127.0.0.1:1" };
  },
  stop_timeout_ms: 50,
});
