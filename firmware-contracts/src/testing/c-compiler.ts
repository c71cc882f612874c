import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Where `gengfu.h` stands. */
export const includeFolder = join(import.meta.dirname, "..", "..", "c");

const strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"];
const standards = { gcc: "-std=c99", "g++": "-std=c++11" } as const;

/** Compiles with every warning as an error; throws with what the compiler said. */
export function compile(compiler: keyof typeof standards, args: readonly string[]): void {
  execFileSync(compiler, [standards[compiler], ...strict, "-I", includeFolder, ...args], { stdio: "pipe" });
}

/** The same with the sanitizers, which end the program at the first byte beyond a buffer. */
export const sanitizers = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"] as const;
