import type { Level } from "./line-driver.ts";

/** An edge as gpiomon tells it. */
export interface Edge {
  /** The level after it. */
  readonly level: Level;
  /** By the kernel's monotonic clock. */
  readonly edge_ms: number;
}

/** How the tools of the package gpiod are called; versions 1 and 2 have hardly an option in common. */
export interface GpiodTools {
  /** Prints a line for each edge, until it is killed. */
  monitor(chip: string, offset: number): readonly [program: string, ...args: string[]];
  /** What a line that `monitor` printed says; undefined for anything else. */
  parseEdge(line: string): Edge | undefined;
  /** Prints 0 or 1. */
  get(chip: string, offset: number): readonly [program: string, ...args: string[]];
  /** Holds a line at a level until it is killed. */
  set(chip: string, offset: number, level: Level): readonly [program: string, ...args: string[]];
}

const version1: GpiodTools = {
  monitor: (chip, offset) => ["gpiomon", "--line-buffered", "--format=%e %s %n", chip, String(offset)],
  parseEdge(line) {
    const match = /^([01]) (\d+) (\d+)$/.exec(line.trim());
    if (match === null) return undefined;
    return { level: match[1] === "1" ? 1 : 0, edge_ms: Number(match[2]) * 1_000 + Number(match[3]) / 1e6 };
  },
  get: (chip, offset) => ["gpioget", chip, String(offset)],
  set: (chip, offset, level) => ["gpioset", "--mode=signal", chip, `${offset}=${level}`],
};

const version2: GpiodTools = {
  monitor: (chip, offset) => ["stdbuf", "-oL", "gpiomon", "--chip", chip, "--format", "%E %S", String(offset)],
  parseEdge(line) {
    const match = /^(rising|falling) +(\d+\.\d+)$/.exec(line.trim());
    return match === null ? undefined : { level: match[1] === "rising" ? 1 : 0, edge_ms: Number(match[2]) * 1_000 };
  },
  get: (chip, offset) => ["gpioget", "--chip", chip, "--numeric", String(offset)],
  set: (chip, offset, level) => ["gpioset", "--chip", chip, `${offset}=${level}`],
};

/** The tools of the version that `gpiodetect --version` tells, as in `gpiodetect (libgpiod) v1.6.3`. */
export function toolsOf(version: string): GpiodTools {
  return /\bv?(\d+)\.\d/.exec(version)?.[1] === "1" ? version1 : version2;
}

export interface DetectedChip {
  /** As in `gpiochip0`. */
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

/** The chips that gpiodetect lists, in either version. */
export function parseChips(listed: string): DetectedChip[] {
  return [...listed.matchAll(/^(gpiochip\d+) \[(.*)\] \((\d+) lines?\)$/gm)].map(
    ([, name = "", label = "", lines = ""]) => ({ name, label, lines: Number(lines) }),
  );
}
