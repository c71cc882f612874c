import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GengfuError } from "@gengfu/shared/errors";
import { isLocked, makeDataFolder } from "@gengfu/shared/sqlite-file";

export interface DataLock {
  release(): void;
}

/**
 * Makes the data folder and claims it for this process. The claim is a lock of the operating system's, so it ends with
 * the process, however that ends. Throws where another process has it, or where the folder can't be written.
 */
export function lockData(folder: string): DataLock {
  makeDataFolder(folder);
  const database = new DatabaseSync(join(folder, "cloud.lock"));
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!isLocked(error)) throw error;
    throw new GengfuError(
      "data_in_use",
      `another cloud uses the data folder ${folder}; stop it first, or give this one another \`data\``,
      { cause: error },
    );
  }
  return { release: () => database.close() };
}
