/**
 * `npm start`: a whole site on this machine. Checks everything first, then runs cloud, edge and simulated devices as
 * processes of their own until Ctrl-C or SIGTERM.
 */
import { messageOf } from "@gengfu/shared/errors";
import { Demo } from "./demo.ts";
import { parseOptions, usage } from "./options.ts";
import { Refusal } from "./refusal.ts";

const parsed = parseOptions(process.argv.slice(2), import.meta.dirname);
switch (parsed.kind) {
  case "help":
    console.log(usage);
    break;
  case "mistakes":
    console.error(`${parsed.mistakes.join("\n")}\n\n${usage}`);
    process.exitCode = 1;
    break;
  case "run":
    try {
      await new Demo(parsed.options).run();
    } catch (error) {
      console.error(error instanceof Refusal ? error.message : `can't start: ${messageOf(error)}`);
      process.exitCode = 1;
    }
    break;
}
