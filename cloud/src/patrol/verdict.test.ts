import { describe, expect, test } from "vitest";
import { judge, type Evidence, type GatewayDoubt, type RoundTap } from "./verdict.ts";

const name = (id: string) => ({ zh: `${id}点`, en: id });
const checkpoints = ["a", "b", "c"].map((id) => ({ id, name: name(id), device: `reader-${id}` }));
const site = { id: "court", checkpoints };
const window = { from: 1_000_000, to: 2_000_000 };
const plan = { id: "r:2026-01-05:0600-0700", route: "r", date: "2026-01-05", window };
const route = (points: string[], ordered = false) => ({
  id: "r",
  name: name("r"),
  checkpoints: points,
  ordered,
  rounds: [],
});
const tap = (checkpoint: string, at: number, more: Partial<RoundTap> = {}): RoundTap => ({
  at,
  checkpoint,
  device: `reader-${checkpoint}`,
  guard: "zhang",
  guard_name: "张伟",
  known: true,
  sure: true,
  ...more,
});
const well: GatewayDoubt = {
  id: "main",
  firstSeenAt: window.from - 60_000,
  lastSeenAt: window.to + 60_000,
  backlog_events: 0,
  missing: 0,
  clock_sure: true,
};
const evidence = (taps: RoundTap[], more: Partial<Evidence> = {}): Evidence => ({
  taps,
  gateways: [well],
  now: window.to + 60_000,
  ...more,
});

const during = { now: window.from + 1 };
const before = { now: window.from - 1 };
const a = tap("a", 1_100_000);
const b = tap("b", 1_200_000);
const c = tap("c", 1_300_000);

describe("the state of a round", () => {
  test.each([
    ["before its window", ["a", "b"], false, [], before, "upcoming", []],
    ["in its window, nothing tapped", ["a", "b"], false, [], during, "open", []],
    ["in its window, part tapped", ["a", "b"], false, [a], during, "open", []],
    ["complete before the window closes", ["a", "b"], false, [b, a], during, "complete", []],
    ["complete afterwards", ["a", "b"], false, [a, b], {}, "complete", []],
    ["part tapped at the end", ["a", "b"], false, [a], {}, "incomplete", ["not_tapped"]],
    ["nothing tapped at the end", ["a", "b"], false, [], {}, "missed", ["not_tapped"]],
    ["a tap at the first instant counts", ["a"], false, [tap("a", window.from)], {}, "complete", []],
    ["a tap just before it doesn't", ["a"], false, [tap("a", window.from - 1)], {}, "missed", ["not_tapped"]],
    ["a tap at the last instant doesn't", ["a"], false, [tap("a", window.to)], {}, "missed", ["not_tapped"]],
    ["ordered, in order", ["a", "b", "c"], true, [a, b, c], {}, "complete", []],
    ["ordered, out of order", ["a", "c", "b"], true, [a, b, c], {}, "incomplete", ["out_of_order"]],
    ["ordered, a false start, then in order", ["a", "b"], true, [tap("b", 1_050_000), a, b], {}, "complete", []],
    ["ordered, one lacking, the rest in order", ["a", "b", "c"], true, [a, c], {}, "incomplete", ["not_tapped"]],
    [
      "ordered, one lacking, the rest reversed",
      ["c", "b", "a"],
      true,
      [a, c],
      {},
      "incomplete",
      ["not_tapped", "out_of_order"],
    ],
    ["a checkpoint named twice, tapped once", ["a", "b", "a"], false, [a, b], {}, "incomplete", ["not_tapped"]],
    ["a checkpoint named twice, tapped twice", ["a", "b", "a"], true, [a, b, tap("a", 1_400_000)], {}, "complete", []],
    [
      "a card that no one has",
      ["a"],
      false,
      [tap("a", 1_100_000, { known: false, guard: null })],
      {},
      "missed",
      ["not_tapped", "unknown_card"],
    ],
  ] as const)("%s", (_, points, ordered, taps, more, state, reasons) => {
    const round = judge(site, route([...points], ordered), plan, evidence([...taps], more));
    expect(round.state).toBe(state);
    expect(round.reasons.map(({ code }) => code)).toEqual(reasons);
    expect(round.provisional).toBe(false);
    expect(round.verdict).toBe(state === "upcoming" || state === "open" ? null : state);
  });

  test.each([
    ["the gateway was never heard", { ...well, lastSeenAt: null }, [], "gateway_unheard"],
    ["the gateway was first heard when it had begun", { ...well, firstSeenAt: window.from + 1 }, [], "not_watched"],
    ["the gateway was last heard before the end", { ...well, lastSeenAt: window.to - 1 }, [], "gateway_unheard"],
    ["the gateway was heard only just after the end", { ...well, lastSeenAt: window.to + 1 }, [], "gateway_unheard"],
    ["the gateway has events in its backlog", { ...well, backlog_events: 3 }, [], "gateway_backlog"],
    ["readings are missing", { ...well, missing: 2 }, [], "readings_missing"],
    ["the gateway's clock is unsure", { ...well, clock_sure: false }, [], "clock_unsure"],
    ["a tap in the window has an unsure time", well, [tap("a", 1_100_000, { sure: false })], "clock_unsure"],
    ["a tap outside it has an unsure time", well, [tap("b", window.to + 5, { sure: false })], "clock_unsure"],
  ] as const)("absence is provisional while %s", (_, gateway, taps, code) => {
    const round = judge(site, route(["a", "b"]), plan, evidence([...taps], { gateways: [gateway] }));
    expect(["missed", "incomplete"]).toContain(round.state);
    expect(round.provisional).toBe(true);
    expect(round.reasons.map((reason) => reason.code)).toContain(code);
  });

  test("what was tapped stays complete, whatever the gateway's state", () => {
    const offline = { ...well, lastSeenAt: null, backlog_events: 9, clock_sure: false };
    const round = judge(site, route(["a", "b"]), plan, evidence([a, b], { gateways: [offline] }));
    expect(round).toMatchObject({ state: "complete", provisional: false, reasons: [] });
  });
});

test("a round names who tapped where and when, and what was tapped besides", () => {
  const again = tap("a", 1_500_000, { guard: "li", guard_name: "李娜" });
  const round = judge(site, route(["a", "b"]), plan, evidence([again, b, a]));
  expect(round.checkpoints).toEqual([
    { id: "a", name: name("a"), expected: window, tapAt: a.at, guard: "zhang", guard_name: "张伟" },
    { id: "b", name: name("b"), expected: window, tapAt: b.at, guard: "zhang", guard_name: "张伟" },
  ]);
  expect(round.extra).toEqual([
    { at: again.at, checkpoint: "a", device: "reader-a", guard: "li", guard_name: "李娜", reason: "repeated" },
  ]);
});

test("the order in which the evidence comes changes nothing", () => {
  const taps = [a, b, c, tap("a", 1_150_000)];
  const forward = judge(site, route(["a", "b", "c"], true), plan, evidence(taps));
  expect(judge(site, route(["a", "b", "c"], true), plan, evidence(taps.toReversed()))).toEqual(forward);
});
