import { describe, expect, it } from "vitest";
import {
  alertEvents,
  alertPhases,
  alertTransitions,
  happen,
  phaseOf,
  type AlertEvent,
  type AlertPhase,
} from "./alert-machine.ts";
import type { Alert } from "./alert.ts";

/** Phase, event, what becomes of it, steps: the whole table, written out a second time. */
const table: [AlertPhase, AlertEvent, string, string][] = [
  ["pending", "raise", "firing", "raised"],
  ["pending", "clear", "gone", ""],
  ["pending", "acknowledge", "refused", ""],
  ["pending", "close", "refused", ""],
  ["firing", "raise", "same", ""],
  ["firing", "clear", "cleared", "cleared"],
  ["firing", "acknowledge", "acknowledged", "acknowledged"],
  ["firing", "close", "refused", ""],
  ["acknowledged", "raise", "same", ""],
  ["acknowledged", "clear", "settled", "cleared"],
  ["acknowledged", "acknowledge", "same", ""],
  ["acknowledged", "close", "closed", "closed"],
  ["cleared", "raise", "same", ""],
  ["cleared", "clear", "same", ""],
  ["cleared", "acknowledge", "closed", "acknowledged,closed"],
  ["cleared", "close", "closed", "acknowledged,closed"],
  ["settled", "raise", "same", ""],
  ["settled", "clear", "same", ""],
  ["settled", "acknowledge", "same", ""],
  ["settled", "close", "closed", "closed"],
  ["closed", "raise", "same", ""],
  ["closed", "clear", "same", ""],
  ["closed", "acknowledge", "same", ""],
  ["closed", "close", "same", ""],
];

const pending: Alert = {
  id: "a",
  rule: "fire",
  severity: "critical",
  state: "pending",
  site: "court",
  gateway: "gw",
  device: "panel",
  channel: "fire",
  kind: "contact",
  value: 1,
  onsetAt: 0,
  raisedAt: 0,
  acknowledgedAt: null,
  acknowledgedBy: null,
  clearedAt: null,
  closedAt: null,
  closedBy: null,
  cause: null,
  name: { zh: "火警", en: "Fire" },
  message: "",
  messages: { zh: "", en: "" },
  advice: null,
};

function after(...events: readonly AlertEvent[]): Alert {
  return events.reduce<Alert>((alert, event, index) => {
    const outcome = happen(alert, { event, at: index + 1, who: "someone", note: `note ${index + 1}` });
    return outcome.kind === "changed" ? outcome.alert : alert;
  }, pending);
}

describe("the states of an alert", () => {
  it.each(table)("%s, when it happens to %s, becomes %s with steps [%s]", (from, event, to, steps) => {
    const transition = alertTransitions[from][event];
    expect(transition.to).toBe(to);
    expect("steps" in transition ? transition.steps.join() : "").toBe(steps);
  });

  it("have an answer to everything", () => {
    expect(table).toHaveLength(alertPhases.length * alertEvents.length);
  });

  it("can all be reached", () => {
    const reached = [
      after(),
      after("raise"),
      after("raise", "acknowledge"),
      after("raise", "clear"),
      after("raise", "acknowledge", "clear"),
      after("raise", "acknowledge", "close"),
    ];
    expect(reached.map(phaseOf)).toEqual(alertPhases);
  });

  it("keep who did what and when", () => {
    expect(after("raise", "acknowledge", "clear", "close")).toMatchObject({
      state: "closed",
      raisedAt: 1,
      acknowledgedAt: 2,
      acknowledgedBy: "someone",
      clearedAt: 3,
      closedAt: 4,
      closedBy: "someone",
      cause: "note 4",
    });
  });

  it("give no cause to what was closed by being acknowledged", () => {
    expect(after("raise", "clear", "acknowledge")).toMatchObject({
      state: "closed",
      acknowledgedAt: 3,
      closedAt: 3,
      cause: null,
    });
  });
});
