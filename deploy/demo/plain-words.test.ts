import { expect, test } from "vitest";
import { lastWords, plainWords } from "./plain-words.ts";

test("only warnings and worse reach the terminal, as sentences", () => {
  expect(plainWords("edge", '{"level":"info","msg":"connected"}')).toBeUndefined();
  expect(plainWords("edge", '{"level":"warn","msg":"uplink lost","err":{"message":"ECONNREFUSED"}}')).toBe(
    "edge  警告 warning  uplink lost: ECONNREFUSED",
  );
  expect(plainWords("edge", '{"level":"warn","msg":"refused","reason":"wrong password","device":"tank-1"}')).toBe(
    "edge  警告 warning  refused: wrong password (tank-1)",
  );
  expect(plainWords("edge", '{"level":"error","msg":"disk full"}')).toBe("edge  错误 error  disk full");
  expect(plainWords("edge", "{not json")).toBeUndefined();
});

test("the last words of a service that can't start are its complaints", () => {
  const lines = ['{"level":"info","msg":"starting"}', '{"level":"fatal","msg":"no disk"}', "    at stack"];
  expect(lastWords("cloud", lines)).toEqual(["cloud  错误 error  no disk", "    at stack"]);
  expect(lastWords("cloud", ['{"level":"info","msg":"starting"}'])).toEqual(['{"level":"info","msg":"starting"}']);
});
