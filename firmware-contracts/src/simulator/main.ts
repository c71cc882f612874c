import { runCommand } from "../command.ts";
import { simulate, simulateHelp } from "./run.ts";

await runCommand(simulateHelp, process.argv.slice(2), simulate);
