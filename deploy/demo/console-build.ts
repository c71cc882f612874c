import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const web = join(root, "cloud", "web");
const dist = join(web, "dist");

/** What the console is made from. */
const sources = [web, join(root, "shared", "src"), join(root, "package-lock.json")];

/** Whether the built console is missing or older than what it is made from. */
export function consoleIsStale(): boolean {
  const built = join(dist, "index.html");
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  return sources.some((source) => newest(source) > since);
}

/** Builds the console; says how it failed, where it did. Two builds at a time do no harm: the last one stays. */
export async function buildConsole(): Promise<{ built: true } | { built: false; output: string }> {
  const cache = join(root, "node_modules", ".cache");
  const fresh = join(cache, `gengfu-console-${process.pid}`);
  const old = `${fresh}-old`;
  mkdirSync(cache, { recursive: true });
  try {
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    const { code, output } = await run([vite, "build", web, "--outDir", fresh, "--emptyOutDir", "--logLevel", "warn"]);
    if (code !== 0) return { built: false, output };
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    return { built: true };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

function newest(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return readdirSync(path)
    .filter((name) => name !== "dist" && name !== "node_modules" && !name.endsWith(".test.ts"))
    .reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}
