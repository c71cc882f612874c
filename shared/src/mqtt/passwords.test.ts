import { expect, it } from "vitest";
import { Passwords } from "./passwords.ts";

const passwords = new Passwords([
  { id: "tank", secret: "s3cret" },
  { id: "panel", secret: "火警" },
]);

it.each([
  ["tank", "s3cret", true],
  ["panel", "火警", true],
  ["tank", "火警", false],
  ["tank", "s3cre", false],
  ["tank", "", false],
  // what stands in for the digest of who is unknown lets nobody in
  ["nobody", "", false],
  ["", "", false],
  ["__proto__", "s3cret", false],
])("%s with %j: %s", (id, password, isAccepted) => {
  expect(passwords.accepts(id, Buffer.from(password))).toBe(isAccepted);
});

it("knows who is there", () => {
  expect([passwords.knows("tank"), passwords.knows("nobody")]).toEqual([true, false]);
});
