import { expect, it } from "vitest";
import { Promptness } from "./promptness.ts";

it("says nothing of a cloud that has acknowledged nothing", () => {
  expect(new Promptness().isSoon).toBe(false);
});

it("forgets an acknowledgement that took long after some that did not", () => {
  const promptness = new Promptness();
  promptness.note(50);
  expect(promptness.isSoon).toBe(true);
  promptness.note(5_000);
  expect(promptness.isSoon).toBe(false);
  let needed = 0;
  while (!promptness.isSoon && needed < 100) {
    promptness.note(50);
    needed += 1;
  }
  expect(needed).toBe(3);
});
