import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testAlert } from "../api/fixture.ts";
import { LedgerStory, start } from "./fixture.ts";
import { replay, type Finding, type FindingEvent } from "./finding.ts";
import type { NewFinding } from "./discovery.ts";
import type { FindingAnswer, FindingWithSteps } from "./findings.ts";

const h = 3_600_000;
let story: LedgerStory;
beforeEach(() => {
  story = new LedgerStory();
});
afterEach(() => story.end());

function ok(answer: FindingAnswer): FindingWithSteps {
  if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return answer.finding;
}
const add = (more: Partial<NewFinding> = {}): FindingWithSteps =>
  ok(story.findings.add({ by: "张伟", what: "灭火器失压", ...more }));
const whats = (id: number): string[] => story.findings.get(id)?.steps.map(({ what }) => what) ?? [];

describe("a finding by hand", () => {
  it("stands in the ledger with what follows from what was said", () => {
    expect(add({ checkpoint: "lobby" })).toMatchObject({
      id: 1,
      site: "court",
      source: "hand",
      state: "open",
      grade: "ordinary",
      foundAt: start,
      foundBy: "张伟",
      proposalDueAt: start + 24 * h,
      dueAt: start + 48 * h,
      steps: [{ what: "found", who: "张伟", at: start, recordedAt: start }],
    });
  });

  it("found yesterday by someone else is due from then on", () => {
    const foundAt = start - 20 * h;
    const finding = add({ foundAt, foundBy: "李娜" });
    expect(finding).toMatchObject({ foundAt, foundBy: "李娜", dueAt: foundAt + 48 * h, recordedAt: start });
    expect(finding.steps).toMatchObject([{ who: "张伟", at: foundAt, recordedAt: start }]);
  });

  it.each([
    [{ what: undefined }, /`what`/],
    [{ site: "school" }, /no site "school"/],
    [{ device: "nothing" }, /no device "nothing"/],
    [{ checkpoint: "nowhere" }, /no checkpoint "nowhere"/],
    [{ foundAt: start + 1 }, /future/],
    [{ dueAt: start }, /later/],
    [{ alert: "a9" }, /no alert "a9"/],
  ] as const)("%j is refused with what is wrong", (more, message) => {
    const answer = story.findings.add({ by: "张伟", what: "灭火器失压", ...more });
    expect(answer).toMatchObject({ ok: false, reason: "lacking", message: expect.stringMatching(message) as string });
    expect(story.findings.list({ limit: 10 })).toEqual([]);
  });

  it("that is sent twice with one key stands there once, and so does a step", () => {
    expect(add({ key: "k1" }).id).toBe(1);
    expect(story.findings.add({ by: "张伟", what: "灭火器失压", key: "k1" })).toMatchObject({
      ok: true,
      changed: false,
    });
    const note = { what: "note", by: "张伟", note: "已报", key: "n1" } as const;
    expect(story.findings.step(1, note)).toMatchObject({ changed: true });
    expect(story.findings.step(1, note)).toMatchObject({ changed: false });
    expect(whats(1)).toEqual(["found", "note"]);
  });

  it("of another grade has another due date, unless one is given", () => {
    const { id } = add();
    const serious = ok(story.findings.step(id, { what: "plan", by: "王强", grade: "serious" }));
    // a holiday and a weekend on which people work come out even
    expect(serious.dueAt).toBe(Date.UTC(2026, 0, 14, 16) - 1);
    const dueAt = start + 5 * h;
    expect(ok(story.findings.step(id, { what: "plan", by: "王强", grade: "urgent", dueAt })).dueAt).toBe(dueAt);
  });
});

describe("a finding from an alert", () => {
  beforeEach(() => {
    story.alerts.alerts.set("a1", testAlert("a1", { raisedAt: start - h, device: "reader-lobby" }));
    story.alerts.alerts.set("a2", testAlert("a2", { severity: "warning", device: null }));
  });

  it("has its place, its words and its time, and is due from when it was taken up", () => {
    expect(add({ alert: "a1", what: undefined })).toMatchObject({
      source: "alert",
      alert: "a1",
      device: "reader-lobby",
      what: "水位低 Tank low",
      grade: "serious",
      foundAt: start - h,
      proposalDueAt: start + 24 * h,
    });
    expect(add({ alert: "a2" })).toMatchObject({ grade: "ordinary", device: null, what: "灭火器失压" });
  });

  it("is one, unless another is asked for", () => {
    expect(add({ alert: "a1" }).id).toBe(1);
    expect(story.findings.add({ by: "李娜", alert: "a1" })).toMatchObject({
      ok: true,
      changed: false,
      finding: { id: 1 },
    });
    expect(add({ alert: "a1", another: true }).id).toBe(2);
    expect(story.findings.add({ by: "李娜", alert: "a1" })).toMatchObject({ changed: false, finding: { id: 1 } });
  });
});

describe("what is late", () => {
  it("is noted once, told once, and shown", async () => {
    const told: [number, string][] = [];
    story.findings.onOverdue(({ id }, what) => told.push([id, what]));
    add();
    await story.leap(24 * h);
    expect(whats(1)).toEqual(["found", "proposal_overdue"]);
    await story.leap(24 * h);
    await story.leap(24 * h);
    expect(whats(1)).toEqual(["found", "proposal_overdue", "overdue"]);
    expect(told).toEqual([
      [1, "proposal"],
      [1, "result"],
    ]);
    expect(story.findings.list({ overdue: true, limit: 10 })).toHaveLength(1);
    expect(story.findings.list({ overdue: false, limit: 10 })).toHaveLength(0);
    expect(story.findings.stats()).toMatchObject({ overdue: 1, trouble: null });
  });

  it("is nothing any more when the work is done", async () => {
    add({ measure: "更换" });
    story.findings.step(1, { what: "start", by: "王强" });
    await story.leap(50 * h);
    story.findings.step(1, { what: "finish", by: "王强", result: "已更换" });
    expect(story.findings.list({ overdue: true, limit: 10 })).toEqual([]);
    await story.leap(50 * h);
    expect(whats(1)).toEqual(["found", "start", "overdue", "finish"]);
    // sent back it is late again, which stands there already
    story.findings.step(1, { what: "reject", by: "王强", note: "压力仍不足" });
    await story.leap(h);
    expect(story.findings.list({ overdue: true, limit: 10 })).toHaveLength(1);
    expect(whats(1)).toEqual(["found", "start", "overdue", "finish", "reject"]);
  });

  it("is noted after a restart, too, and only once", async () => {
    add({ measure: "更换" });
    await story.kill();
    story.clock.jump(start + 60 * h);
    await story.revive();
    await story.kill();
    await story.revive();
    expect(whats(1)).toEqual(["found", "overdue"]);
  });
});

describe("the list", () => {
  it("takes states, a site and a period, newest first", () => {
    for (const hours of [3, 2, 1]) add({ foundAt: start - hours * h });
    story.findings.step(2, { what: "cancel", by: "王强", note: "重复" });
    const ids = (query: object): number[] => story.findings.list({ limit: 10, ...query }).map(({ id }) => id);
    expect(ids({})).toEqual([3, 2, 1]);
    expect(ids({ states: ["cancelled"] })).toEqual([2]);
    expect(ids({ states: ["open", "cancelled"], limit: 2 })).toEqual([3, 2]);
    expect(ids({ from: start - 2 * h })).toEqual([3, 2]);
    expect(ids({ to: start - 2 * h })).toEqual([1]);
    expect(ids({ site: "school" })).toEqual([]);
    expect([...story.findings.stats().states]).toEqual([
      ["open", 2],
      ["in_progress", 0],
      ["done", 0],
    ]);
  });
});

describe("a ledger that is killed at any point", () => {
  type Deed =
    | readonly ["add", number]
    | readonly [FindingEvent, number]
    | readonly ["leap", number]
    | readonly ["kill"];
  const deed: fc.Arbitrary<Deed> = fc.oneof(
    fc.tuple(fc.constant("add" as const), fc.integer({ min: 0, max: 2 })),
    fc.tuple(
      fc.constantFrom<FindingEvent>("start", "plan", "note", "finish", "verify", "reject", "cancel"),
      fc.integer({ min: 1, max: 3 }),
    ),
    fc.tuple(fc.constant("leap" as const), fc.integer({ min: 1, max: 40 })),
    fc.constant(["kill"] as const),
  );

  async function live(deeds: readonly Deed[], dies: boolean): Promise<(FindingWithSteps | undefined)[]> {
    const own = new LedgerStory();
    try {
      own.alerts.alerts.set("a0", testAlert("a0", { raisedAt: start - h }));
      for (const [what, number] of deeds) {
        if (what === "kill") {
          if (!dies) continue;
          await own.kill();
          await own.revive();
        } else if (what === "leap") await own.leap(number * h);
        else if (what === "add")
          own.findings.add({ by: "张伟", what: "问题", ...(number === 0 ? { alert: "a0" } : {}) });
        else {
          const all = { note: "说明", result: "结果", measure: "措施" };
          own.findings.step(number, { what, by: "王强", ...all });
        }
      }
      return own.held();
    } finally {
      await own.end();
    }
  }

  it("holds what it would hold had it lived, and every finding is what its steps make of it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 25 }), async (deeds) => {
        const held = await live(deeds, true);
        expect(held).toEqual(await live(deeds, false));
        for (const one of held) {
          const { steps, ...finding } = one as FindingWithSteps;
          expect(replay(finding.id, steps)).toEqual(finding satisfies Finding);
        }
      }),
      { numRuns: 25 },
    );
  });
});
