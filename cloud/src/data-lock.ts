import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GengfuError, messageOf } from "@gengfu/shared/errors";

export interface DataLock {
  release(): void;
}

/**
 * Makes the data folder and claims it for this process. The claim is a lock of the operating system's, so it ends with
 * the process, however that ends. Throws where another process has it, or where the folder can't be written.
 */
export function lockData(folder: string): DataLock {
  let database: DatabaseSync;
  try {
    // messages with phone numbers are in there
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(folder, "cloud.lock"));
  } catch (error) {
    throw new GengfuError("config_unreadable", `the data folder ${folder} can't be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!/locked|busy/i.test(messageOf(error))) throw error;
    throw new GengfuError(
      "config_unreadable",
      `another cloud uses the data folder ${folder}; stop it first, or give this one another \`data\``,
      { cause: error },
    );
  }
  return { release: () => database.close() };
}
