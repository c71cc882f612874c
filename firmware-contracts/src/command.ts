import { messageOf } from "@gengfu/shared/errors";
import { UsageError } from "./arguments.ts";

/**
 * Runs a command until it ends, or SIGINT, SIGTERM or the end of its parent asks it to. Sets the exit code: what the
 * command answers, or 2 where it was called wrongly or something it needs is not there.
 */
export async function runCommand(
  help: string,
  args: readonly string[],
  command: (args: readonly string[], signal: AbortSignal) => Promise<number | void>,
): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help);
    return;
  }
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  // whoever started this process over a channel and went away can't stop it any more
  process.once("disconnect", stop);
  try {
    process.exitCode = (await command(args, abort.signal)) ?? 0;
  } catch (error) {
    const isUsage = error instanceof UsageError || isParseArgsError(error);
    console.error(isUsage ? `${messageOf(error)}\nSee --help for all options.` : messageOf(error));
    process.exitCode = 2;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    process.off("disconnect", stop);
  }
}

function isParseArgsError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
