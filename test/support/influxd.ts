import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { need } from "./tools.ts";

export interface Influx {
  /** As in `http://127.0.0.1:41767`; the same after a restart. */
  readonly url: string;
  /** Asks in InfluxQL; every row as an object, of all series and statements. Throws what InfluxDB calls an error. */
  query(q: string, options?: { database?: string; authorization?: string }): Promise<InfluxRow[]>;
  /** Ends it as a power cut would; `restart` brings it back with its data, on the same port. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export type InfluxRow = Readonly<Record<string, string | number | boolean | null>>;

export interface InfluxOptions {
  /** Makes it ask for a password; this user is made, with all rights. */
  readonly admin?: { readonly username: string; readonly password: string };
}

/** Starts a real influxd (1.x, as Debian has it) of the test's own, on a free port over a folder of its own. */
export async function startInflux({ admin }: InfluxOptions = {}): Promise<Influx> {
  const program = need("influxd");
  const folder = mkdtempSync(join(tmpdir(), "gengfu-influx-"));
  let child: ChildProcess;
  let port = 0;

  async function start(): Promise<void> {
    const config = join(folder, "influxdb.conf");
    writeFileSync(config, configuration(folder, port, admin !== undefined));
    child = spawn(program, ["-config", config], { stdio: ["ignore", "ignore", "pipe"] });
    port = await listening(child);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill(signal);
    });
  }

  try {
    await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const influx: Influx = {
    url: `http://127.0.0.1:${port}`,
    async query(q, { database, authorization } = {}) {
      const body = new URLSearchParams({ q, ...(database === undefined ? {} : { db: database }) });
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const response = await fetch(`${influx.url}/query`, { method: "POST", body, headers });
      return rowsOf((await response.json()) as InfluxAnswer);
    },
    kill: () => end("SIGKILL"),
    restart: start,
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  if (admin !== undefined) {
    await influx.query(`CREATE USER "${admin.username}" WITH PASSWORD '${admin.password}' WITH ALL PRIVILEGES`);
  }
  return influx;
}

interface InfluxAnswer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly tags?: InfluxRow;
      readonly values?: readonly (string | number | boolean | null)[][];
    }[];
  }[];
}

function rowsOf({ error, results = [] }: InfluxAnswer): InfluxRow[] {
  if (error !== undefined) throw new Error(error);
  return results.flatMap((result) => {
    if (result.error !== undefined) throw new Error(result.error);
    return (result.series ?? []).flatMap(({ columns, tags, values = [] }) =>
      values.map((row) => ({
        ...tags,
        ...Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])),
      })),
    );
  });
}

/** Resolves with the port of the HTTP service, which only its log tells. */
function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    lines.on("line", (line) => {
      // the pipe is read to the end, lest influxd block on it; only the beginning is kept
      if (said.length < 100) said.push(line);
      const port = /Listening on HTTP.*addr=[^ ]*:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`influxd ended with ${code}:\n${said.slice(-10).join("\n")}`)));
  });
}

function configuration(folder: string, port: number, authentication: boolean): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${join(folder, "meta")}"
[data]
  dir = "${join(folder, "data")}"
  wal-dir = "${join(folder, "wal")}"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = ${authentication}
  log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
`;
}
