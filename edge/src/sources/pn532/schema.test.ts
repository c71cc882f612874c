import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pn532Schema } from "./schema.ts";

describe("the configuration of PN532 readers", () => {
  it("is as the README shows it", () => {
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const { pn532 } = parse(/```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "") as { pn532: unknown };
    expect(pn532Schema.parse(pn532).readers).toMatchObject([
      { device: "reader-lobby", baud: 115_200, poll: 250, signals: { green: "lobby-green" } },
      { device: "reader-floor-2", poll: 200 },
    ]);
  });

  it.each([
    [
      "one port twice",
      [
        { port: "/dev/a", device: "a" },
        { port: "/dev/a", device: "b" },
      ],
      ["readers", 1, "port"],
    ],
    [
      "one reader twice",
      [
        { port: "/dev/a", device: "a" },
        { port: "/dev/b", device: "a" },
      ],
      ["readers", 1, "device"],
    ],
    ["a poll without pause", [{ port: "/dev/a", device: "a", poll: "1ms" }], ["readers", 0, "poll"]],
  ])("refuses %s", (_, readers, path) => {
    expect(pn532Schema.safeParse({ readers }).error?.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
