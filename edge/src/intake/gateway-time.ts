import type { Block } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { ClockQuality, Reading, SinceBoot } from "@gengfu/shared/model/reading";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import { bootTimeOf, correct, tolerance_ms, type BootTime } from "@gengfu/shared/time/correction";
import type { Machine, TimeService } from "./machine.ts";

/** The time of a reading that is taken in now. */
export interface Stamp {
  /** Epoch milliseconds, whole. */
  readonly at: number;
  readonly clock: ClockQuality;
  /** Set until something has confirmed the time. */
  readonly sinceBoot?: SinceBoot;
}

export interface GatewayTimeOptions {
  readonly clock: Clock;
  readonly machine: Machine;
  /** Null where none is asked: the wall clock is then taken for right once it shows a time that can be. */
  readonly timeService: TimeService | null;
  /** Called when the time of this boot is known and readings may have been sent that need it to be put right. */
  readonly settled: (time: BootTime) => void;
  readonly logger: Logger;
}

/**
 * unknown: nothing is known, the wall clock is shown for want of a better. assumed: it shows a time that can be.
 * confirmed: it is right. doubtful: it was moved, and nobody said yet which of the two is right; the old one is shown.
 * corrected: it is wrong, and by how much is known.
 */
type Standing = "unknown" | "assumed" | "confirmed" | "doubtful" | "corrected";

const qualities: Readonly<Record<Standing, ClockQuality>> = {
  unknown: "unsynchronised",
  assumed: "synchronised",
  confirmed: "synchronised",
  doubtful: "unsynchronised",
  corrected: "corrected",
};

/** What the clocks are apart by their steps of a millisecond alone. */
const jitter_ms = 5;
const recheck_ms = 10_000;
/** No earlier time can be true; a Raspberry Pi without network begins where it was last shut down, or in 1970. */
const earliest = Date.UTC(2026, 0, 1);

/**
 * The gateway's time. Within a boot the machine's time is the truth, and only what it is in epoch milliseconds has to be
 * learned: from the wall clock where that is believed, or from the cloud. The system's clock is never set from here.
 */
export class GatewayTime {
  readonly #options: GatewayTimeOptions;
  readonly #log: RepeatLog;
  #standing: Standing = "unknown";
  /** The wall clock, as milliseconds ahead of the machine's time. */
  #wall: number;
  /** The same of the time that is shown. */
  #offset: number;
  /** What unsure readings are corrected by: of one boot all by the same, so that none overtakes another. */
  #truth: number | null = null;
  /** What the time service last said, and whether the wall clock is confirmed by it. */
  #said: number | null = null;
  #isServed = false;
  #checkedAt = -Infinity;
  #last = -Infinity;
  /** Readings were shown as unsynchronised, and no record of the boot's time follows them yet. */
  #isOwing = false;
  /** The offset of readings that were stamped by a clock which nothing had confirmed; null without such. */
  #assumed: number | null = null;
  #steps = 0;

  constructor(options: GatewayTimeOptions) {
    this.#options = options;
    this.#log = new RepeatLog(options.logger, options.clock);
    this.#wall = Math.floor(options.clock.now()) - this.#uptime();
    this.#offset = this.#wall;
  }

  /** How often someone moved the wall clock, since the start. */
  get steps(): number {
    return this.#steps;
  }

  quality(): ClockQuality {
    this.#look();
    return qualities[this.#standing];
  }

  /** Epoch milliseconds, as good as they are known. */
  now(): number {
    return this.#look() + this.#offset;
  }

  /** The time of what is taken in now. It never runs backwards by what clocks are allowed to differ. */
  stamp(): Stamp {
    const ms = this.#look();
    let at = ms + this.#offset;
    if (at < this.#last && this.#last - at <= tolerance_ms) at = this.#last;
    this.#last = at;
    const clock = qualities[this.#standing];
    if (this.#isKnown()) return { at, clock };
    if (clock === "unsynchronised") this.#isOwing = true;
    else this.#assumed ??= this.#offset;
    return { at, clock, sinceBoot: { boot: this.#options.machine.boot, ms } };
  }

  /** A reading by the best that is known now of when it was taken in. */
  correct<Any extends Reading>(reading: Any): Any {
    if (reading.sinceBoot === undefined) return reading;
    this.#look();
    return this.#isKnown() && this.#truth !== null && reading.sinceBoot.boot === this.#options.machine.boot
      ? correct(reading, this.#truth)
      : reading;
  }

  /** The machine's time, whole milliseconds, to be handed to `cloudTime` with the answer. */
  ask(): number {
    return this.#look();
  }

  /**
   * The cloud's time `at`, epoch milliseconds, as it answered what was asked at `asked_ms` of the machine's time. It was
   * that late at some moment in between; an answer that leaves open more than clocks may differ by tells nothing.
   */
  cloudTime(at: number, asked_ms: number): void {
    const now_ms = this.#look();
    const error_ms = (now_ms - asked_ms) / 2;
    if (!(error_ms >= 0) || error_ms > tolerance_ms || at < earliest) return;
    this.#learn(Math.round(at - (asked_ms + now_ms) / 2), Math.ceil(error_ms));
  }

  /** Takes up what the log's newest blocks, oldest first, tell of this boot: an earlier process may have known more. */
  restore(tail: readonly Block<Reading>[]): void {
    const { boot } = this.#options.machine;
    for (const { entries } of tail) {
      for (const entry of entries) {
        const time = bootTimeOf(entry);
        if (time?.boot === boot) {
          this.#truth = time.offset_ms;
          this.#isOwing = false;
          this.#assumed = null;
        } else if (entry.sinceBoot?.boot === boot) {
          if (entry.clock === "unsynchronised") this.#isOwing = true;
          else if (entry.clock === "synchronised") this.#assumed ??= entry.receivedAt - entry.sinceBoot.ms;
        }
      }
    }
    if (this.#truth !== null) this.#learn(this.#truth, 0);
  }

  /** Notices what became of the wall clock; answers the machine's time. */
  #look(): number {
    const now_ms = this.#uptime();
    const wall = Math.floor(this.#options.clock.now()) - now_ms;
    const step_ms = wall - this.#wall;
    if (Math.abs(step_ms) > tolerance_ms) {
      this.#stepped(wall, step_ms);
      this.#checkedAt = -Infinity;
    } else if (Math.abs(step_ms) > jitter_ms) this.#follow(wall);
    if (now_ms - this.#checkedAt >= recheck_ms) {
      this.#checkedAt = now_ms;
      this.#check();
    }
    return now_ms;
  }

  #follow(wall: number): void {
    this.#wall = wall;
    if (this.#standing !== "doubtful" && this.#standing !== "corrected") this.#offset = wall;
  }

  #stepped(wall: number, step_ms: number): void {
    this.#steps += 1;
    const before = this.#standing;
    if (before === "assumed" || before === "confirmed") this.#standing = "doubtful";
    this.#isServed = false;
    this.#follow(wall);
    this.#log.warn("step", { step_ms, before, now: this.#standing }, "the system's clock was moved");
    if (before === "corrected" && Math.abs(wall - this.#offset) <= tolerance_ms) this.#know("confirmed", wall);
  }

  /** Asks the time service; without one the wall clock is believed as long as nobody moves it. */
  #check(): void {
    const { timeService } = this.#options;
    if (timeService === null) {
      if (this.#standing === "unknown" && this.#wall + this.#uptime() >= earliest) this.#standing = "assumed";
      return;
    }
    const said = timeService();
    if (said === null || said === this.#said) return;
    this.#said = said;
    this.#isServed = true;
    this.#know("confirmed", this.#wall);
  }

  /** The offset is known to within `error_ms`. */
  #learn(offset: number, error_ms: number): void {
    if (Math.abs(this.#wall - offset) <= tolerance_ms) return this.#know("confirmed", this.#wall);
    if (this.#standing === "confirmed" && this.#isServed) {
      const apart_ms = this.#wall - offset;
      this.#log.warn("dispute", { apart_ms }, "the cloud's clock is not that of the time service, which is believed");
      return;
    }
    // no further than must be: what is shown already is as good as any other time that can be
    const isNear = this.#standing !== "unknown" && Math.abs(this.#offset - offset) <= tolerance_ms;
    const nearest = Math.min(Math.max(this.#offset, offset - error_ms), offset + error_ms);
    this.#know("corrected", isNear ? nearest : offset);
  }

  #know(standing: "confirmed" | "corrected", offset: number): void {
    const { machine, logger, settled } = this.#options;
    if (this.#standing !== standing) logger.info({ clock: standing, offset_ms: offset }, "the time is known");
    this.#standing = standing;
    this.#offset = offset;
    if (this.#truth === null || Math.abs(offset - this.#truth) > tolerance_ms) this.#truth = offset;
    const wasWrong = this.#assumed !== null && Math.abs(this.#assumed - this.#truth) > tolerance_ms;
    const isOwing = this.#isOwing || wasWrong;
    this.#isOwing = false;
    this.#assumed = null;
    if (isOwing) settled({ boot: machine.boot, offset_ms: this.#truth });
  }

  #isKnown(): boolean {
    return this.#standing === "confirmed" || this.#standing === "corrected";
  }

  #uptime(): number {
    return Math.floor(this.#options.machine.uptime_ms());
  }
}
