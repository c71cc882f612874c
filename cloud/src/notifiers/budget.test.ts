import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowanceOf, planNext, type BudgetWindow, type Queue } from "./budget.ts";

const minute: BudgetWindow = { messages: 4, window_ms: 60_000 };

describe("a budget", () => {
  it("keeps its reserve for critical messages", () => {
    const uses = [0, 1_000, 2_000];
    expect(allowanceOf([{ window: minute, uses }], 0.25, 10_000)).toEqual({
      critical: 1,
      low: 0,
      criticalAt: 10_000,
      lowAt: 60_000,
    });
  });

  it("is the least of its windows", () => {
    const second = { messages: 1, window_ms: 1_000 };
    const parts = [
      { window: minute, uses: [5_000, 9_500] },
      { window: second, uses: [9_500] },
    ];
    expect(allowanceOf(parts, 0.5, 10_000)).toMatchObject({ critical: 0, criticalAt: 10_500, low: 0, lowAt: 65_000 });
  });

  it("knows no limits without windows", () => {
    expect(allowanceOf([], 0.25, 7)).toMatchObject({ critical: Infinity, low: Infinity, criticalAt: 7 });
  });

  it("never lets more through in any window of time, however they come", () => {
    const arrivals = fc.array(fc.record({ wait_ms: fc.nat(30_000), low: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 8 }),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        (list, messages, reserve) => {
          const window = { messages, window_ms: 60_000 };
          const sent: number[] = [];
          let now = 0;
          for (const { wait_ms, low } of list) {
            now += wait_ms;
            const allowance = allowanceOf([{ window, uses: sent }], reserve, now);
            const isFree = (low ? allowance.low : allowance.critical) > 0;
            expect(isFree).toBe((low ? allowance.lowAt : allowance.criticalAt) <= now);
            if (isFree) sent.push(now);
          }
          for (const at of sent) {
            expect(sent.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(messages);
          }
        },
      ),
    );
  });
});

describe("the plan for a target", () => {
  const queue: Queue = { critical: 0, singles: 0, stormySites: 0, group: null };
  const free = { critical: 5, low: 3, criticalAt: 0, lowAt: 0 };

  it.each<[string, Partial<Queue>, Partial<typeof free>, string]>([
    ["sends a critical one alone before all others", { critical: 9, singles: 9, group: "low" }, {}, "critical"],
    ["puts critical ones together for the last message", { critical: 2 }, { critical: 1 }, "criticals"],
    ["sends the last critical one alone for the last message", { critical: 1 }, { critical: 1 }, "critical"],
    ["sends a group that was on its way before new ones", { singles: 1, group: "low" }, {}, "group"],
    ["sends a group with critical ones from the reserve", { group: "critical" }, { low: 0 }, "group"],
    ["sends single ones while there is room", { singles: 2, stormySites: 1 }, {}, "single"],
    ["puts the storms of sites together", { stormySites: 3 }, {}, "site"],
    ["puts all together when there is not room for each", { singles: 3, stormySites: 1 }, {}, "digest"],
    ["has nothing to do without messages", {}, {}, "idle"],
    ["waits for room for critical ones", { critical: 1, singles: 1 }, { critical: 0, low: 0 }, "wait"],
    ["waits for room outside of the reserve", { singles: 1 }, { low: 0 }, "wait"],
  ])("%s", (_, waiting, left, kind) => {
    expect(planNext({ ...queue, ...waiting }, { ...free, ...left }).kind).toBe(kind);
  });
});
