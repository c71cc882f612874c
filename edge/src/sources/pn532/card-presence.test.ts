import { expect, it } from "vitest";
import { CardPresence } from "./card-presence.ts";

const polls = (...found: (string | null)[]): (string | null)[] => {
  const presence = new CardPresence();
  return found.map((uid, index) => presence.poll(uid, index * 1_000));
};

it("a card that lies there taps once", () => {
  expect(polls("AA", "AA", "AA", "AA")).toEqual(["AA", null, null, null]);
});

it("a card that is missed for a poll or two has not been taken away", () => {
  expect(polls("AA", null, "AA", null, null, "AA")).toEqual(["AA", null, null, null, null, null]);
});

it("a card that was taken away taps again", () => {
  expect(polls("AA", null, null, null, "AA")).toEqual(["AA", null, null, null, "AA"]);
});

it("two cards that lie there and are found in turn tap once each", () => {
  expect(polls("AA", "BB", "AA", "BB", "BB", "AA")).toEqual(["AA", "BB", null, null, null, null]);
});

it("a phone that makes up a UID at each poll taps once", () => {
  expect(polls("08112233", "08445566", "08778899")).toEqual(["08112233", null, null]);
  expect(polls("08112233", "08112233445566")).toEqual(["08112233", "08112233445566"]);
});

it("a card taps again after nobody could tell for a while whether it was there", () => {
  const presence = new CardPresence();
  expect([0, 5_000, 10_001, 10_251].map((now_ms) => presence.poll("AA", now_ms))).toEqual(["AA", null, "AA", null]);
});
