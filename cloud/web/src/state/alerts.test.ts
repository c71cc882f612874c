import { describe, expect, it } from "vitest";
import { inOrderOfUrgency, isClosable, isOpen, isUnanswered, newerAlert } from "./alerts.ts";
import { anAlert } from "./fixtures.ts";

describe("alerts", () => {
  it("stand with what fires first, then the worst, then the newest", () => {
    const list = [
      anAlert({ id: "cleared", state: "cleared", clearedAt: 1 }),
      anAlert({ id: "acknowledged", state: "acknowledged", acknowledgedAt: 1 }),
      anAlert({ id: "warning", severity: "warning", raisedAt: 9 }),
      anAlert({ id: "old", raisedAt: 1 }),
      anAlert({ id: "new", raisedAt: 2 }),
    ];
    expect(inOrderOfUrgency(list).map(({ id }) => id)).toEqual(["new", "old", "warning", "acknowledged", "cleared"]);
  });

  it.each([
    ["pending", null, { open: false, unanswered: false, closable: false }],
    ["firing", null, { open: true, unanswered: true, closable: false }],
    ["acknowledged", 1, { open: true, unanswered: false, closable: true }],
    ["cleared", null, { open: true, unanswered: true, closable: false }],
    ["cleared", 1, { open: true, unanswered: false, closable: true }],
    ["closed", 1, { open: false, unanswered: false, closable: false }],
  ] as const)("%s, acknowledged at %s: %o", (state, acknowledgedAt, expected) => {
    const alert = anAlert({ state, acknowledgedAt });
    expect({ open: isOpen(alert), unanswered: isUnanswered(alert), closable: isClosable(alert) }).toEqual(expected);
  });

  it("only ever move on", () => {
    const pending = anAlert({ state: "pending" });
    const firing = anAlert();
    const acknowledged = anAlert({ state: "acknowledged", acknowledgedAt: 1 });
    const closed = anAlert({ state: "closed", acknowledgedAt: 1, clearedAt: 2, closedAt: 3 });
    for (const [older, newer] of [
      [pending, firing],
      [firing, acknowledged],
      [acknowledged, closed],
    ] as const) {
      expect(newerAlert(older, newer)).toBe(newer);
      expect(newerAlert(newer, older)).toBe(newer);
    }
    expect(newerAlert(undefined, firing)).toBe(firing);
  });
});
