import { pino } from "pino";
import { expect, it } from "vitest";
import { RepeatLimit, RepeatLog } from "./repeat-limit.ts";
import { ManualClock } from "./time/clock.ts";

it("lets one of a subject through in an interval and says how many it held back", () => {
  const clock = new ManualClock();
  const limit = new RepeatLimit(clock, 1_000);
  expect([limit.pass("a"), limit.pass("a"), limit.pass("b"), limit.pass("a")]).toEqual([0, undefined, 0, undefined]);
  clock.advance(999);
  expect(limit.pass("a")).toBeUndefined();
  clock.advance(1);
  expect([limit.pass("a"), limit.pass("b"), limit.pass("a")]).toEqual([3, 0, undefined]);
});

it("forgets the subject that was told longest ago when there are too many", () => {
  const limit = new RepeatLimit(new ManualClock(), 1_000);
  for (let subject = 0; subject < 1_001; subject++) limit.pass(String(subject));
  expect(limit.pass("0")).toBe(0);
  expect(limit.pass("1000")).toBeUndefined();
});

it("logs a line a minute for each subject, with how many it left out", () => {
  const lines: object[] = [];
  const clock = new ManualClock();
  const log = new RepeatLog(
    pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line) as object) }),
    clock,
  );
  log.warn("tank", { device: "tank" }, "refused");
  log.warn("tank", { device: "tank" }, "refused");
  log.error("panel", {}, "broken");
  clock.advance(60_000);
  log.warn("tank", { device: "tank" }, "refused");
  expect(lines).toEqual([
    { level: 40, device: "tank", msg: "refused" },
    { level: 50, msg: "broken" },
    { level: 40, device: "tank", suppressed: 1, msg: "refused" },
  ]);
});
