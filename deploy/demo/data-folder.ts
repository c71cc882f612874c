import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What `endpoints.json` tells whoever wants to talk to the running demo. */
export interface Endpoints {
  readonly console: string;
  readonly api: string;
  readonly token: string;
  readonly deviceBroker: string;
  readonly uplinkBroker: string;
  readonly pids: { readonly edge: number | null; readonly cloud: number | null; readonly simulator: number | null };
}

/** The folder that holds all that survives a restart; one demo at a time may own it. */
export class DataFolder {
  readonly path: string;
  #lock: DatabaseSync | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder and claims it; false where another demo has it. The claim is a lock of the operating system's,
   * so it ends with the process, however that ends.
   */
  claim(): boolean {
    mkdirSync(join(this.path, "logs"), { recursive: true });
    const lock = new DatabaseSync(join(this.path, "demo.lock"));
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      lock.close();
      if (error instanceof Error && error.message.includes("locked")) return false;
      throw error;
    }
    this.#lock = lock;
    return true;
  }

  /** Gives the folder back. */
  release(): void {
    rmSync(this.#endpoints, { force: true });
    this.#lock?.close();
    this.#lock = undefined;
  }

  /** The API token: made once, readable by its owner only. */
  token(): string {
    const file = join(this.path, "token");
    try {
      return readFileSync(file, "utf8").trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const token = randomBytes(24).toString("base64url");
    replace(file, `${token}\n`);
    return token;
  }

  /** What the demo that has the folder wrote; undefined where it isn't ready, or there is none. */
  endpoints(): Endpoints | undefined {
    try {
      return JSON.parse(readFileSync(this.#endpoints, "utf8")) as Endpoints;
    } catch {
      // half a file or none tells the same: nothing is known
      return undefined;
    }
  }

  /**
   * The processes of a demo that was killed and could not tidy up. What it left behind is removed, so that whoever waits
   * for `endpoints.json` finds none that is no longer true.
   */
  takeLeftovers(): number[] {
    const pids = Object.values(this.endpoints()?.pids ?? {}).filter((pid) => pid !== null);
    rmSync(this.#endpoints, { force: true });
    return pids;
  }

  writeEndpoints(endpoints: Endpoints): void {
    replace(this.#endpoints, `${JSON.stringify(endpoints, null, 2)}\n`);
  }

  log(service: string): string {
    return join(this.path, "logs", `${service}.log`);
  }

  get #endpoints(): string {
    return join(this.path, "endpoints.json");
  }
}

/** Writes a file that holds a secret, so that a reader sees the old or the new one and never a part. */
function replace(file: string, content: string): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}
