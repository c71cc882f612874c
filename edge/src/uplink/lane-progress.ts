import type { LaneView } from "./lane-planner.ts";
import { LaneWindow, type Flight, type Part } from "./lane-window.ts";

/** Pieces of backlog at most; a lane that falls behind once more goes on in the order of its log. */
const ranges_max = 64;

/** All of a lane behind `after`, up to `upTo`. */
interface Range {
  readonly after: number;
  readonly upTo: number;
}

/** Where to read next. */
export interface Reach extends Range {
  readonly part: Part;
  /** Entries appended to the lane before this was asked. */
  readonly appended: number;
}

/**
 * How far a lane has come on one connection. What is new is read from its end on, the live part; what was left behind
 * when the lane was split, the backlog, is read in pieces, oldest first. Both move one cursor, which passes only what is
 * acknowledged without a gap.
 */
export class LaneProgress {
  readonly #window: LaneWindow;
  readonly #ranges: Range[] = [];
  /** Position behind which the live part has not been sent. */
  #sent: number;
  #live: number;
  #backlog = 0;
  #since_ms: number;
  #appended = 0;

  /** `unsent`: entries of the lane behind the cursor. */
  constructor(cursor: number, unsent: number, now_ms: number) {
    this.#window = new LaneWindow(cursor);
    this.#sent = cursor;
    this.#live = unsent;
    this.#since_ms = now_ms;
  }

  get cursor(): number {
    return this.#window.cursor;
  }

  get view(): LaneView {
    return {
      unsent: this.#live,
      since_ms: this.#since_ms,
      hasBacklog: this.#ranges.length > 0,
      inFlight: this.#window.inFlight(),
      backlogInFlight: this.#window.inFlight("backlog"),
    };
  }

  /** Readings that the cloud has not acknowledged, as far as they were counted. */
  get owed(): number {
    return this.#live + this.#backlog + this.#window.readings;
  }

  /** Entries were appended to the lane. */
  note(entries: number, now_ms: number): void {
    if (this.#live === 0) this.#since_ms = now_ms;
    this.#live += entries;
    this.#appended += entries;
  }

  /** Makes backlog of what is unsent up to `end`, the log's last position. */
  split(end: number): void {
    if (this.#live === 0 || end <= this.#sent) return;
    const last = this.#ranges.at(-1);
    if (last?.upTo === this.#sent) this.#ranges[this.#ranges.length - 1] = { after: last.after, upTo: end };
    else if (this.#ranges.length < ranges_max) this.#ranges.push({ after: this.#sent, upTo: end });
    else return;
    this.#backlog += this.#live;
    this.#live = 0;
    this.#sent = end;
  }

  next(part: Part): Reach {
    const range = part === "live" ? undefined : this.#ranges[0];
    return { part, appended: this.#appended, ...(range ?? { after: this.#sent, upTo: Infinity }) };
  }

  /** A batch goes out of what was read at `reach`; `upTo` is the position of its last reading. */
  send({ part, after }: Reach, upTo: number, readings: number): Flight {
    if (part === "live") {
      this.#sent = upTo;
      this.#live = Math.max(0, this.#live - readings);
    } else {
      this.#backlog = Math.max(0, this.#backlog - readings);
      this.#advance(upTo);
    }
    return this.#window.send({ part, after, upTo, readings });
  }

  /** Nothing was found at `reach`: that of the backlog was all, and what was counted has gone at the log's bound. */
  nothing({ part, after, upTo, appended }: Reach): void {
    if (part === "live") {
      // what came while it was read is still to be read
      this.#live = this.#appended - appended;
      return;
    }
    this.#window.pass(after, upTo);
    this.#advance(upTo);
  }

  acknowledge(flight: Flight): void {
    this.#window.acknowledge(flight);
  }

  #advance(upTo: number): void {
    const range = this.#ranges[0];
    if (range === undefined) return;
    if (upTo < range.upTo) this.#ranges[0] = { after: upTo, upTo: range.upTo };
    else this.#ranges.shift();
    if (this.#ranges.length === 0) this.#backlog = 0;
  }
}
