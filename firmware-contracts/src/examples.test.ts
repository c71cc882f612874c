import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lacks } from "../../test/support/tools.ts";
import { parsePublish } from "./parse.ts";
import { compile, includeFolder, sanitizers } from "./testing/c-compiler.ts";

const root = join(import.meta.dirname, "..");
const stubs = join(import.meta.dirname, "testing");
const readme = readFileSync(join(root, "README.md"), "utf8");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-examples-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Puts the stubs where the example looks for the true headers, under their names. */
function headers(names: Readonly<Record<string, string>>): string[] {
  for (const [name, stub] of Object.entries(names)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync(join(stubs, stub), join(folder, name));
  }
  return ["-I", folder];
}

describe.skipIf(lacks("gcc"))("the README's sketch for Arduino", () => {
  /** What the board printed within its minute: a word for what it did, and the rest. */
  function run(): { word: string; rest: string }[] {
    const includes = headers({
      "MQTT.h": "arduino/mqtt.h",
      "Preferences.h": "arduino/preferences.h",
      "WiFi.h": "arduino/wifi.h",
      "arduino-core.h": "arduino/arduino-core.h",
    });
    const sketch = join(folder, "sketch.cpp");
    writeFileSync(sketch, /```cpp\n([\s\S]*?)```/.exec(readme)?.[1] ?? "");
    const board = join(stubs, "arduino", "board.cpp");
    const program = join(folder, "sketch");
    compile("g++", [...includes, "-I", dirname(board), ...sanitizers, sketch, board, "-o", program]);
    return execFileSync(program, { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => ({ word: line.split(" ")[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));
  }

  test("compiles with every warning, and does what the contract asks", () => {
    const lines = run();
    const all = (word: string): string[] => lines.filter((line) => line.word === word).map(({ rest }) => rest);

    expect(all("will")).toEqual(["1 1 gengfu/v1/tank-fire/state offline"]);
    expect(all("keepalive")).toEqual(["30"]);
    expect(all("flash")).toEqual(["7"]);
    expect(all("serial")).toEqual(["not_json"]);
    expect(all("subscribe")).toContain("1 gengfu/v1/tank-fire/error");

    const [first, second, third] = all("connect").map((rest) => Number(rest.split(" ")[0]));
    // longer each time: 1 s, then 2 s
    expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(750);
    expect(Number(third) - Number(second)).toBeGreaterThan(1_500);

    const publishes = all("publish").map((rest) => {
      const [acknowledged, qos, retain, topic = "", ...payload] = rest.split(" ");
      return { acknowledged: acknowledged === "1", qos, retain, topic, payload: payload.join(" ") };
    });
    const readings = publishes.filter(({ topic }) => topic === "gengfu/v1/tank-fire/level");
    for (const { topic, payload, qos, retain } of readings) {
      expect(parsePublish("tank-fire", topic, Buffer.from(payload)).verdict).toBe("reading");
      expect({ qos, retain }).toEqual({ qos: "1", retain: "0" });
    }
    const states = publishes.filter(({ topic }) => topic === "gengfu/v1/tank-fire/state");
    expect(states.map(({ qos, retain, payload }) => `${qos} ${retain} ${payload}`)).toEqual([
      "1 1 online",
      "1 1 online",
    ]);

    const numbers = readings.map(({ payload }) => JSON.parse(payload) as { boot: number; seq: number });
    // the second was not acknowledged, and comes again with its number
    expect(numbers.map(({ seq }) => seq)).toEqual([1, 2, 2, 3, 4, 5]);
    expect(new Set(numbers.map(({ boot }) => boot))).toEqual(new Set([7]));
  });
});

test.skipIf(lacks("gcc"))("the example for ESP-IDF compiles with every warning", () => {
  const includes = headers({
    "mqtt_client.h": "esp-idf/mqtt-client.h",
    "esp_timer.h": "esp-idf/esp-timer.h",
    "nvs.h": "esp-idf/nvs.h",
    "freertos/FreeRTOS.h": "esp-idf/free-rtos.h",
    "freertos/task.h": "esp-idf/task.h",
  });
  compile("gcc", [...includes, "-fsyntax-only", join(includeFolder, "examples", "esp-mqtt.c")]);
});

test("the README's lines of C stand in the header", () => {
  const header = readFileSync(join(includeFolder, "gengfu.h"), "utf8");
  const table = readme.slice(readme.indexOf("| to say"), readme.indexOf("Numbers are rounded to six"));
  const calls = [...table.matchAll(/\b(gengfu_\w+)\(/g)].map(([, name]) => name);
  expect(calls.length).toBeGreaterThan(8);
  for (const name of calls)
    expect({ name, isThere: new RegExp(`[ *]${name}\\(`).test(header) }).toEqual({ name, isThere: true });
});

test("the README's lines of TypeScript run", () => {
  const script = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const args = ["--input-type=module-typescript", "--eval", script];
  const out = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 64_000_000 });
  expect(out).toContain("type: 'measured'");
});
