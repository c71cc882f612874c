import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { TypingFifo } from "../../testing/typing-fifo.ts";
import { describeSource } from "../contract.ts";
import { keyboardSource } from "./keyboard-source.ts";
import { keyboardReadersSchema } from "./schema.ts";

describeSource("a reader that types, at a FIFO", {
  malfunctions: ["unplugged", "wrong format"],
  tick_ms: 5,
  open(parts) {
    const fifo = new TypingFifo();
    const config = keyboardReadersSchema.parse({ readers: [{ input: fifo.path, device: "reader-lobby" }] });
    let cards = 0;
    return {
      source: keyboardSource({ config, ...parts }),
      provoke() {
        cards += 1;
        fifo.type(`${String(cards).padStart(10, "0")}\n`);
        const card = cards.toString(16).toUpperCase().padStart(8, "0");
        return { device: "reader-lobby", kind: "tap", channel: null, value: null, detail: { card } };
      },
      break(malfunction) {
        if (malfunction === "unplugged") fifo.unplug();
        else fifo.type("04A1B2C3\n04A1B2C3\n04A1B2C3\n");
      },
      mend(malfunction) {
        if (malfunction === "unplugged") fifo.plug();
        else fifo.type("0000000000\n");
      },
      held: () => process.getActiveResourcesInfo().filter((type) => type === "ProcessWrap").length,
      dispose: () => fifo.remove(),
    };
  },
});

describe("the configuration of readers that type", () => {
  it("is as the README shows it", () => {
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    const sample = parse(/```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "") as { keyboard_readers: unknown };
    expect(keyboardReadersSchema.parse(sample.keyboard_readers).readers).toMatchObject([
      { device: "reader-lobby", format: "decimal_reversed", signals: { buzzer: "lobby-buzzer" } },
      { device: "reader-floor-2", format: "decimal" },
    ]);
  });

  it.each([
    [
      "one device twice",
      [
        { input: "/dev/a", device: "a" },
        { input: "/dev/a", device: "b" },
      ],
      ["readers", 1, "input"],
    ],
    [
      "one reader twice",
      [
        { input: "/dev/a", device: "a" },
        { input: "/dev/b", device: "a" },
      ],
      ["readers", 1, "device"],
    ],
    ["a path that is an option", [{ input: "--help", device: "a" }], ["readers", 0, "input"]],
  ])("refuses %s", (_, readers, path) => {
    expect(keyboardReadersSchema.safeParse({ readers }).error?.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
