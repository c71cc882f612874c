import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What the tests of the whole need of the machine, and the Debian package that has it. */
export const tools = {
  influxd: "influxdb",
  mosquitto: "mosquitto",
  mosquitto_pub: "mosquitto-clients",
  chromium: "chromium",
  gcc: "build-essential",
  "Chinese font": "fonts-noto-cjk",
  "qemu-system-x86_64": "qemu-system-x86",
  gpiomon: "gpiod",
  "gcc-12": "gcc-12",
  make: "make",
  python3: "python3",
} as const;

export type Tool = keyof typeof tools;

/** Where servers stand that are not on everyone's PATH. */
const alsoIn = ["/usr/sbin", "/usr/local/sbin"];

/** The path of a program, or undefined where it isn't installed. */
export function toolPath(tool: Tool): string | undefined {
  if (tool === "Chinese font") return chineseFont();
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...alsoIn];
  return folders.map((folder) => join(folder, tool)).find(isExecutable);
}

/**
 * Whether tests that need these tools are to be skipped: where one is missing, except in CI, where they run and fail,
 * so that nothing goes unproved there in silence.
 */
export function lacks(...needed: Tool[]): boolean {
  return process.env["CI"] !== "true" && needed.some((tool) => toolPath(tool) === undefined);
}

/** The path of a program that the test can't do without. */
export function need(tool: Tool): string {
  const path = toolPath(tool);
  if (path === undefined) throw new Error(`${tool} is missing; install ${tools[tool]}`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // not there, or not ours to run
    return false;
  }
}

function chineseFont(): string | undefined {
  const folder = "/usr/share/fonts";
  try {
    const fonts = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const font = fonts.find((name) => /cjk|wqy|noto\w*sc/i.test(name));
    return font === undefined ? undefined : join(folder, font);
  } catch {
    // a machine without the folder has no fonts
    return undefined;
  }
}
