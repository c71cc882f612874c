import { describe, expect, it } from "vitest";
import { createFindingsApi, findingOf } from "./findings.ts";
import { ApiError, type Call } from "./http.ts";

const whole = { id: 3, state: "open", foundAt: 1, dueAt: 2, what: "灭火器失压", grade: "urgent", overdue: "proposal" };

describe("a finding from the wire", () => {
  it("is taken with what it has", () => {
    const steps = [{ id: 1, at: 1, what: "found", who: "张伟", note: null, changes: { dueAt: 2 } }, { at: 1 }];
    const finding = findingOf({ ...whole, steps, checkpoint: 5 });
    expect(finding).toMatchObject({ id: 3, grade: "urgent", overdue: "proposal", checkpoint: null });
    expect(finding?.steps.map(({ who, changes }) => [who, changes.number("dueAt")])).toEqual([["张伟", 2]]);
  });

  it("is left out where it lacks what it must have", () => {
    for (const key of ["id", "state", "foundAt", "dueAt"]) expect(findingOf({ ...whole, [key]: null }), key).toBeNull();
  });

  it("is asked for by its state, and is no finding where the answer is none", async () => {
    const calls: [string, Call | undefined][] = [];
    const api = createFindingsApi({
      async call(path, call) {
        calls.push([path, call]);
        return path === "/findings" ? { findings: [whole, {}] } : {};
      },
    });
    expect(await api.findings("unsettled", 5)).toHaveLength(1);
    await api.findings("all", 5);
    expect(calls).toEqual([
      ["/findings", { query: { state: "unsettled", limit: 5 } }],
      ["/findings", { query: { state: null, limit: 5 } }],
    ]);
    await expect(api.finding(3)).rejects.toThrow(ApiError);
  });
});
