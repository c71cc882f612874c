import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  applyStep,
  discovered,
  findingEvents,
  findingStates,
  happen,
  lateNoteAt,
  overdueAt,
  overdueOf,
  overdueStep,
  replay,
  type Finding,
  type FindingEvent,
  type FindingState,
  type NewStep,
} from "./finding.ts";

const h = 3_600_000;
const foundAt = Date.UTC(2026, 0, 5);

const discovery = {
  site: "court",
  source: "hand",
  alert: null,
  defect: null,
  device: null,
  checkpoint: "lobby",
  what: "灭火器失压",
  grade: "ordinary",
  foundAt,
  foundBy: "张伟",
  responsible: null,
  measure: null,
  proposalDueAt: foundAt + 24 * h,
  dueAt: foundAt + 48 * h,
} as const;
const found = discovered(discovery, foundAt, null, "张伟");

function aFinding(over: Partial<Finding> = {}): Finding {
  const finding = replay(1, [found]);
  if (finding === undefined) throw new Error("no finding");
  return { ...finding, ...over };
}

const all = { note: "说明", result: "已更换", responsible: "王强" };

describe("the transitions of a finding", () => {
  const expected: Record<FindingState, Partial<Record<FindingEvent, FindingState>>> = {
    open: { start: "in_progress", plan: "open", note: "open", cancel: "cancelled" },
    in_progress: { plan: "in_progress", note: "in_progress", finish: "done", cancel: "cancelled" },
    done: { note: "done", verify: "verified", reject: "in_progress" },
    verified: {},
    cancelled: {},
  };
  const cases = findingStates.flatMap((state) =>
    findingEvents.map((event) => ({ state, event, next: expected[state][event] })),
  );

  test.each(cases)("$state, $event: $next", ({ state, event, next }) => {
    const outcome = happen(aFinding({ state }), { what: event, by: "王强", at: foundAt + h, ...all });
    if (next === undefined) expect(outcome).toMatchObject({ ok: false, reason: "conflict" });
    else expect(outcome).toMatchObject({ ok: true, step: { what: event, state: next, who: "王强", at: foundAt + h } });
  });

  it("says what can be done instead", () => {
    expect(happen(aFinding(), { what: "verify", by: "王强", at: foundAt })).toMatchObject({
      message: "a finding that is open takes no verify; possible are start, plan, note, cancel",
    });
    expect(happen(aFinding({ state: "verified" }), { what: "note", by: "王强", at: foundAt })).toMatchObject({
      message: "a finding that is verified takes no note; nothing more can be done about it",
    });
  });

  test.each([
    ["open", "plan"],
    ["open", "note"],
    ["open", "cancel"],
    ["in_progress", "finish"],
    ["done", "reject"],
  ] as const)("%s, %s asks for what it can't be without", (state, what) => {
    expect(happen(aFinding({ state }), { what, by: "王强", at: foundAt })).toMatchObject({ reason: "lacking" });
  });

  it("takes no due date from before it was found", () => {
    const outcome = happen(aFinding(), { what: "plan", by: "王强", at: foundAt + h, dueAt: foundAt });
    expect(outcome).toMatchObject({ reason: "lacking" });
  });
});

describe("a finding's way", () => {
  function go(steps: readonly Parameters<typeof happen>[1][]): Finding {
    let finding = aFinding();
    for (const one of steps) {
      const outcome = happen(finding, one);
      if (!outcome.ok) throw new Error(outcome.message);
      finding = applyStep(finding, outcome.step);
    }
    return finding;
  }
  const by = "王强";

  it("keeps who did what and when", () => {
    const finding = go([
      { what: "start", by, at: foundAt + 1, responsible: "赵敏", measure: "更换" },
      { what: "finish", by: "赵敏", at: foundAt + 2, result: "已更换" },
      { what: "verify", by, at: foundAt + 3 },
    ]);
    expect(finding).toMatchObject({
      state: "verified",
      responsible: "赵敏",
      measure: "更换",
      result: "已更换",
      doneAt: foundAt + 2,
      doneBy: "赵敏",
      verifiedAt: foundAt + 3,
      verifiedBy: by,
      closedAt: foundAt + 3,
    });
  });

  it("begins again where it is sent back, without the result that did not do", () => {
    const finding = go([
      { what: "start", by, at: foundAt + 1 },
      { what: "finish", by, at: foundAt + 2, result: "已更换" },
      { what: "reject", by, at: foundAt + 3, note: "压力仍不足" },
    ]);
    expect(finding).toMatchObject({ state: "in_progress", result: null, doneAt: null, doneBy: null, closedAt: null });
  });

  it("takes from a verification no change of the plan", () => {
    const finding = aFinding({ state: "done" });
    const outcome = happen(finding, { what: "verify", by, at: foundAt + 1, responsible: "别人" });
    expect(outcome.ok && applyStep(finding, outcome.step).responsible).toBeNull();
  });
});

describe("what is late", () => {
  it("is first the measure, then the work, and nothing once the work is done", () => {
    const finding = aFinding();
    expect(overdueOf(finding, foundAt + 24 * h - 1)).toBeNull();
    expect(overdueOf(finding, foundAt + 24 * h)).toBe("proposal");
    expect(overdueOf({ ...finding, measure: "更换" }, foundAt + 24 * h)).toBeNull();
    expect(overdueOf({ ...finding, measure: "更换" }, foundAt + 48 * h)).toBe("result");
    for (const state of ["done", "verified", "cancelled"] as const) {
      expect(overdueOf({ ...finding, state }, foundAt + 100 * h)).toBeNull();
    }
  });

  it("is noted once, and once more for a due date that was moved and passed again", () => {
    const finding = aFinding({ measure: "更换" });
    const step = overdueStep(finding, foundAt + 50 * h, "gengfu");
    expect(step).toMatchObject({ what: "overdue", at: finding.dueAt });
    const noted = applyStep(finding, step as NewStep);
    expect(overdueStep(noted, foundAt + 90 * h, "gengfu")).toBeUndefined();
    const moved = { ...noted, dueAt: foundAt + 60 * h };
    expect(overdueStep(moved, foundAt + 59 * h, "gengfu")).toBeUndefined();
    expect(overdueStep(moved, foundAt + 60 * h, "gengfu")).toMatchObject({ what: "overdue", at: foundAt + 60 * h });
  });

  it("is what the times say from which on it is, whatever happened", () => {
    const at = fc.integer({ min: 0, max: 100 }).map((hours) => foundAt + hours * h);
    const finding = fc.record({
      state: fc.constantFrom(...findingStates),
      measure: fc.option(fc.constant("更换")),
      proposalDueAt: at,
      dueAt: at,
      proposalOverdueNoted: fc.boolean(),
      overdueNoted: fc.option(at),
    });
    fc.assert(
      fc.property(finding, at, (over, now) => {
        const one = aFinding(over);
        const since = overdueAt(one);
        expect(overdueOf(one, now) !== null).toBe(since !== null && since <= now);
        const noteAt = lateNoteAt(one);
        const step = overdueStep(one, now, "gengfu");
        expect(step !== undefined).toBe(noteAt !== null && noteAt <= now);
        // what was noted is not noted again
        if (step !== undefined) expect(overdueStep(applyStep(one, step), now, "gengfu")?.what).not.toBe(step.what);
      }),
    );
  });
});

it("is nothing without the step that it was found", () => {
  expect(replay(1, [])).toBeUndefined();
  expect(replay(1, [{ what: "note", state: "open", changes: {} }])).toBeUndefined();
});
