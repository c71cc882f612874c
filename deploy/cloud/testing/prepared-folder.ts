import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const here = join(import.meta.dirname, "..");

/** A folder as the README's steps leave it: prepared by `prepare.sh`, with certificates by the README's own commands. */
export interface PreparedFolder {
  readonly config: string;
  readonly secrets: string;
  readonly certificates: string;
  /** Runs `prepare.sh` again; what it said. */
  prepare(): string;
  remove(): void;
}

export function preparedFolder(host: string): PreparedFolder {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-cloud-"));
  const prepare = (): string => shell([join(here, "prepare.sh"), folder], folder);
  const [config, secrets, certificates] = ["config", "secrets", "certificates"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    prepare();
    shell(["-euc", certificateCommands()], folder, { HOST: host });
    for (const name of ["uplink_certificate", "uplink_key"]) {
      copyFileSync(join(certificates, name), join(secrets, name));
    }
    prepare();
  } catch (error) {
    remove();
    throw error;
  }
  return { config, secrets, certificates, prepare, remove };
}

/** The commands of the README's section on certificates. */
function certificateCommands(): string {
  const readme = readFileSync(join(here, "README.md"), "utf8");
  const commands = /## Certificates\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1];
  if (commands === undefined) throw new Error("README.md has no commands under Certificates");
  return commands;
}

function shell(args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync("sh", args, { cwd, encoding: "utf8", env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`sh ${args[0]} ended with ${status}: ${stderr}`);
  return stdout;
}
