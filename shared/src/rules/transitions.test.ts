import { describe, expect, it } from "vitest";
import { observations, phases, transitions, type Observation, type Phase } from "./transitions.ts";

/** Phase, observation, next phase, effect: the whole table, written out a second time. */
const table: [Phase, Observation, Phase, string | null][] = [
  ["normal", "active", "pending", "pending"],
  ["normal", "sustained", "raised", "raise"],
  ["normal", "inside", "normal", null],
  ["normal", "inactive", "normal", null],
  ["pending", "active", "pending", null],
  ["pending", "sustained", "raised", "raise"],
  ["pending", "inside", "normal", "clear"],
  ["pending", "inactive", "normal", "clear"],
  ["raised", "active", "raised", null],
  ["raised", "sustained", "raised", null],
  ["raised", "inside", "raised", null],
  ["raised", "inactive", "normal", "clear"],
];

describe("the phases of a rule", () => {
  it.each(table)("%s, when it sees %s, becomes %s", (from, seen, to, effect) => {
    expect(transitions[from][seen]).toEqual({ to, effect });
  });

  it("has an answer to everything", () => {
    expect(table).toHaveLength(phases.length * observations.length);
  });
});
