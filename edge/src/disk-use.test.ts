import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it } from "vitest";
import { DiskUse } from "./disk-use.ts";

const notes = new Map<string, string>();
let clock: ManualClock;
let written: number | undefined;
let quality: "synchronised" | "unsynchronised";
let use: DiskUse;
beforeEach(() => {
  notes.clear();
  // 22:00 in Shanghai
  clock = new ManualClock(Date.UTC(2026, 10, 21, 14));
  written = 0;
  quality = "synchronised";
  use = begin();
});

/** The counting of a process that begins now. */
function begin(): DiskUse {
  const begun = new DiskUse({
    log: {
      stats: () => ({ entries: 0, bytes: 0, dropped: 0, commits: 0, waiting: 3, written_bytes: 77, trouble: null }),
      note: (name, value) => void notes.set(name, value),
      noted: (name) => notes.get(name),
    },
    time: { now: () => clock.now(), quality: () => quality },
    timeZone: "Asia/Shanghai",
    written_bytes: () => written,
    clock,
  });
  begun.start();
  return begun;
}

const told = (): (number | null)[] => {
  const { written_today_bytes, written_yesterday_bytes } = use.tell();
  return [written_today_bytes, written_yesterday_bytes];
};

describe("what was written to the disk", () => {
  it("is counted from midnight to midnight by the site's clock, whether or not anyone asks", () => {
    written = 1_000;
    expect(use.tell()).toEqual({ written_today_bytes: 1_000, written_yesterday_bytes: null, waiting: 3 });
    clock.advance(110 * 60_000);
    written = 1_500;
    clock.advance(11 * 60_000);
    written = 1_700;
    expect(told()).toEqual([200, 1_500]);
    clock.advance(24 * 3_600_000);
    expect(told()).toEqual([0, 200]);
  });

  it("is counted on by the next process, from its own beginning", () => {
    written = 1_000;
    use.stop();
    written = 40;
    use = begin();
    written = 50;
    expect(told()).toEqual([1_050, null]);
  });

  it("is none of yesterday's if the gateway did not run then", () => {
    written = 1_000;
    use.stop();
    written = 0;
    clock.advance(3 * 24 * 3_600_000);
    use = begin();
    expect(told()).toEqual([0, null]);
  });

  it("stays with its day while the clock is not known to be right", () => {
    written = 1_000;
    use.stop();
    written = 0;
    quality = "unsynchronised";
    clock.jump(Date.UTC(2000, 0, 1));
    use = begin();
    written = 10;
    expect(told()).toEqual([1_010, null]);
  });

  it("is what the log knows of where the system does not say", () => {
    written = undefined;
    use = begin();
    expect(told()).toEqual([77, null]);
  });

  it("begins anew where what was noted can't be read", () => {
    for (const broken of ["{", '{"day":1}']) {
      notes.set("disk use", broken);
      use = begin();
      expect(told()).toEqual([0, null]);
    }
  });
});
