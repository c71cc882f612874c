import { describe, expect, it } from "vitest";
import { parseStates } from "./alert.ts";

describe("the states that a query names", () => {
  it.each([
    ["firing", ["firing"]],
    ["firing, closed", ["firing", "closed"]],
    ["open", ["firing", "acknowledged", "cleared"]],
    ["pending,open,firing", ["pending", "firing", "acknowledged", "cleared"]],
    ["fireing", undefined],
    ["", undefined],
  ])("in %j are %j", (text, states) => {
    expect(parseStates(text)).toEqual(states);
  });
});
