import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { devicePassword, devices } from "./services.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

let boot = 1;

/** Runs the load generator in a process of its own. */
export async function load(
  options: Pick<LoadOptions, "port" | "connections" | "window" | "messages" | "rate">,
): Promise<LoadResult> {
  boot += 1_000;
  const all: LoadOptions = { users: devices, password: devicePassword, boot, ...options };
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "load.ts"),
    JSON.stringify(all),
  ]);
  return JSON.parse(stdout) as LoadResult;
}
