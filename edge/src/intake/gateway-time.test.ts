import { silentLogger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import type { BootTime } from "@gengfu/shared/time/correction";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import { GatewayTime } from "./gateway-time.ts";
import { valueMessage } from "./message.ts";
import { clockEntry } from "./own-entry.ts";
import { stamp } from "./stamp.ts";

const boot = 7;
const y2000 = Date.UTC(2000, 0, 1);
const truth = Date.UTC(2026, 10, 1);
const hour = 3_600_000;
const day = 24 * hour;

let clock: ManualClock;
let said: number | null;
let settled: BootTime[];
beforeEach(() => {
  clock = new ManualClock(y2000);
  said = null;
  settled = [];
});

function start({ service = true, number = boot } = {}): GatewayTime {
  return new GatewayTime({
    clock,
    machine: { boot: number, uptime_ms: () => clock.monotonic() },
    timeService: service ? () => said : null,
    settled: (time) => settled.push(time),
    logger: silentLogger,
  });
}

/** What a tank tells now. */
function taken(time: GatewayTime): EdgeEntry {
  return stamp("tank", valueMessage("level", null, 1), time.stamp(), null);
}

/** The cloud answers what was asked just now. */
function cloudSays(time: GatewayTime, at: number): void {
  time.cloudTime(at, time.ask());
}

describe("without network", () => {
  it("says that the time is not known, and by what it can be made out later", () => {
    const time = start();
    clock.advance(5_000);
    expect(time.quality()).toBe("unsynchronised");
    expect(time.stamp()).toEqual({ at: y2000 + 5_000, clock: "unsynchronised", sinceBoot: { boot, ms: 5_000 } });
  });

  it("takes a clock that shows a time that can be for right where no time service is asked", () => {
    clock.jump(truth);
    const time = start({ service: false });
    expect(time.stamp()).toEqual({ at: truth, clock: "synchronised", sinceBoot: { boot, ms: 0 } });
    expect(settled).toEqual([]);
  });
});

describe("when the time becomes known", () => {
  it("believes the time service within ten seconds, and corrects what came before", () => {
    const time = start();
    clock.advance(1_000);
    const early = taken(time);
    clock.advance(hour);
    clock.jump(truth);
    said = 1;
    clock.advance(10_000);
    expect(time.quality()).toBe("synchronised");
    expect(time.stamp()).toEqual({ at: truth + 10_000, clock: "synchronised" });
    expect(time.correct(early)).toMatchObject({ at: truth - hour, receivedAt: truth - hour, clock: "corrected" });
    expect(time.correct(early)).not.toHaveProperty("sinceBoot");
    expect(settled).toEqual([{ boot, offset_ms: truth - hour - 1_000 }]);
  });

  it("takes the cloud's time within half of what its answer took, and leaves the system's clock alone", () => {
    const time = start();
    const early = taken(time);
    clock.advance(60_000);
    const asked = time.ask();
    clock.advance(400);
    time.cloudTime(truth + 200, asked);
    expect(time.quality()).toBe("corrected");
    expect(time.stamp()).toEqual({ at: truth + 400, clock: "corrected" });
    expect(time.correct(early).at).toBe(truth - 60_000);
    expect(clock.now()).toBe(y2000 + 60_400);
  });

  it("calls a clock synchronised that shows the cloud's time within two seconds, and goes on by it", () => {
    clock.jump(truth + 1_900);
    const time = start();
    const early = taken(time);
    cloudSays(time, truth);
    expect(time.quality()).toBe("synchronised");
    expect(time.stamp().at).toBe(truth + 1_900);
    expect(time.correct(early)).toMatchObject({ at: truth + 1_900, clock: "corrected" });
  });

  it("learns nothing from an answer that came late, is absurd, or is that of a cloud with no time itself", () => {
    const time = start();
    const asked = time.ask();
    clock.advance(4_001);
    time.cloudTime(truth, asked);
    time.cloudTime(truth, time.ask() + 1);
    time.cloudTime(truth, Number.NaN);
    time.cloudTime(y2000, time.ask());
    expect(time.quality()).toBe("unsynchronised");
  });

  it("tells the time of the boot once, and not where nobody needs it", () => {
    clock.jump(truth);
    said = 1;
    const sure = start();
    sure.stamp();
    clock.advance(day);
    cloudSays(sure, truth + day);
    expect(settled).toEqual([]);
    const assumed = start({ service: false });
    assumed.stamp();
    cloudSays(assumed, truth + day);
    expect(settled).toEqual([]);
    said = null;
    const unsure = start();
    unsure.stamp();
    for (let answers = 0; answers < 3; answers++) cloudSays(unsure, truth + day);
    expect(settled).toHaveLength(1);
  });

  it("corrects what an assumed clock stamped, if that was wrong", () => {
    clock.jump(truth - 30 * day);
    const time = start({ service: false });
    const early = taken(time);
    cloudSays(time, truth);
    expect(settled).toEqual([{ boot, offset_ms: truth }]);
    expect(time.correct(early)).toMatchObject({ at: truth, clock: "corrected" });
  });

  it("leaves readings of another boot as they are", () => {
    const early = taken(start({ number: 6 }));
    const time = start();
    cloudSays(time, truth);
    expect(time.correct(early)).toBe(early);
  });
});

describe("when the process restarts", () => {
  const block = (entries: Reading[]) => ({ lane: "samples" as const, first: 1, entries });

  it("goes on by what an earlier one knew of the same boot", () => {
    const early = taken(start());
    const record = clockEntry("gate", { at: truth, clock: "corrected" }, { boot, offset_ms: truth });
    clock.advance(hour);
    const time = start();
    time.restore([block([early, record])]);
    expect(time.stamp()).toEqual({ at: truth + hour, clock: "corrected" });
    expect(settled).toEqual([]);
    const other = start({ number: 8 });
    other.restore([block([early, record])]);
    expect(other.quality()).toBe("unsynchronised");
  });

  it("tells the time for readings that an earlier one left without", () => {
    const early = taken(start());
    said = 1;
    clock.jump(truth);
    const time = start();
    time.restore([block([early])]);
    expect(time.quality()).toBe("synchronised");
    expect(settled).toEqual([{ boot, offset_ms: truth }]);
  });
});

describe("when someone moves the clock", () => {
  it.each([
    ["back by a day", -day],
    ["on by a day", day],
    ["by little more than clocks may differ", 2_001],
  ])("%s, it counts that, goes on by the machine's time and doubts it", (_, step_ms) => {
    clock.jump(truth);
    said = 1;
    const time = start();
    expect(time.stamp().at).toBe(truth);
    clock.jump(truth + step_ms);
    clock.advance(1_000);
    expect(time.stamp()).toEqual({ at: truth + 1_000, clock: "unsynchronised", sinceBoot: { boot, ms: 1_000 } });
    clock.advance(day);
    expect(time.quality()).toBe("unsynchronised");
    expect(time.steps).toBe(1);
  });

  it("believes the new time once the time service has spoken again", () => {
    clock.jump(truth - day);
    said = 1;
    const time = start();
    time.stamp();
    clock.jump(truth);
    const doubtful = taken(time);
    expect(doubtful).toMatchObject({ at: truth - day, clock: "unsynchronised" });
    said = 2;
    clock.advance(10_000);
    expect(time.stamp()).toEqual({ at: truth + 10_000, clock: "synchronised" });
    expect(time.correct(doubtful)).toMatchObject({ at: truth, clock: "corrected" });
  });

  it("believes the cloud which of the two is right", () => {
    clock.jump(truth);
    const time = start({ service: false });
    cloudSays(time, truth);
    clock.jump(truth - day);
    clock.advance(1_000);
    time.stamp();
    cloudSays(time, truth + 1_000);
    expect(time.stamp()).toEqual({ at: truth + 1_000, clock: "corrected" });
    clock.jump(truth + 2_000);
    clock.advance(1_000);
    expect(time.quality()).toBe("synchronised");
  });

  it("goes with small steps, but never backwards", () => {
    clock.jump(truth);
    said = 1;
    const time = start();
    const times = [1_500, -1_500, 0, 900, -100].map((step_ms) => {
      clock.jump(clock.now() + step_ms);
      clock.advance(10);
      return time.stamp();
    });
    expect(times.map(({ at }) => at)).toEqual(times.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(times.every(({ clock: quality }) => quality === "synchronised")).toBe(true);
    expect(time.steps).toBe(0);
  });

  it("believes its time service more than a cloud that says otherwise", () => {
    clock.jump(truth);
    said = 1;
    const time = start();
    cloudSays(time, truth + hour);
    expect(time.stamp()).toEqual({ at: truth, clock: "synchronised" });
  });
});

it("whatever becomes of clock and network, in the end every time is right, and what was corrected in order", () => {
  const tolerated_ms = 2_000;
  const happening = fc.oneof(
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 3 * hour }) }),
    fc.record({ kind: fc.constant("jump" as const), ms: fc.integer({ min: -2 * day, max: 2 * day }) }),
    fc.record({ kind: fc.constant("reading" as const), ms: fc.constant(0) }),
    fc.record({ kind: fc.constant("restart" as const), ms: fc.constant(0) }),
    fc.record({ kind: fc.constant("answer" as const), ms: fc.integer({ min: 0, max: 4_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (story, part) => {
      clock = new ManualClock(y2000);
      said = null;
      const log: EdgeEntry[] = [];
      const trueTimes: number[] = [];
      const restart = (): GatewayTime => {
        const time = new GatewayTime({
          clock,
          machine: { boot, uptime_ms: () => clock.monotonic() },
          timeService: () => said,
          settled: (known) => log.push(clockEntry("gate", { at: 0, clock: "synchronised" }, known)),
          logger: silentLogger,
        });
        time.restore([{ lane: "samples", first: 1, entries: log }]);
        return time;
      };
      let time = restart();
      const answer = (delay_ms: number): void => {
        const asked = time.ask();
        clock.advance(delay_ms * part);
        const at = Math.round(truth + clock.monotonic());
        clock.advance(delay_ms * (1 - part));
        time.cloudTime(at, asked);
      };
      for (const { kind, ms } of story) {
        if (kind === "pass") clock.advance(ms);
        else if (kind === "jump") clock.jump(clock.now() + ms);
        else if (kind === "restart") time = restart();
        else if (kind === "answer") answer(ms);
        else {
          log.push(taken(time));
          trueTimes.push(truth + clock.monotonic());
        }
      }
      answer(0);
      const entries = log.filter(({ kind }) => kind === "level");
      const readings = entries.map((entry) => time.correct(entry));
      const corrected = readings.filter((_, index) => entries[index]?.clock === "unsynchronised").map(({ at }) => at);
      expect(corrected).toEqual(corrected.toSorted((a, b) => a - b));
      expect(readings).toHaveLength(trueTimes.length);
      readings.forEach((reading, index) => {
        expect(reading.clock).not.toBe("unsynchronised");
        // half of what the answer took, and what a clock may differ from it
        expect(Math.abs(reading.at - (trueTimes[index] as number))).toBeLessThanOrEqual(2 * tolerated_ms + 3);
      });
    }),
    { numRuns: 300 },
  );
});
