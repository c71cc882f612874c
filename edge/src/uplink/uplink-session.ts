import { encodeBatch } from "@gengfu/shared/codec/batch";
import type { Block, Log } from "@gengfu/shared/log/log";
import { lanes, type Lane, type Reading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import {
  cloudTime,
  gatewayAlert,
  uplinkTopics,
  type GatewayAlert,
  type GatewayStatus,
} from "@gengfu/shared/uplink-protocol";
import { Wakeup } from "@gengfu/shared/wakeup";
import type { GatewayTime } from "../intake/gateway-time.ts";
import type { CloudLink } from "./cloud-link.ts";
import { plan, type PlanLimits } from "./lane-planner.ts";
import { LaneProgress } from "./lane-progress.ts";
import type { Flight, Part } from "./lane-window.ts";
import { firstPace, nextPace, type Acknowledged, type Pace, type PaceBounds } from "./pace.ts";
import { Promptness, soon_ms } from "./promptness.ts";
import { ofOneRun, takeBatch, type Sendable } from "./take-batch.ts";

/** Name of the uplink's cursor in the edge's log. */
export const uplinkConsumer = "uplink";

export interface SessionLimits extends Pick<PlanLimits, "inFlight_max" | "backlogInFlight_max" | "linger_ms"> {
  readonly pace: PaceBounds;
  /** A lane that owes more readings than this is split: what is new goes first. */
  readonly behind_readings: number;
  /** Readings of backlog a second; 0: as fast as it goes. */
  readonly backlog_rate: number;
}

export interface UplinkSessionOptions {
  readonly log: Log<Sendable>;
  readonly gateway: string;
  readonly limits: SessionLimits;
  readonly acknowledge_timeout_ms: number;
  readonly heartbeat_ms: number;
  readonly status: () => GatewayStatus;
  /** Told what becomes of the site's alerts. */
  readonly alert?: (alert: GatewayAlert) => void;
  /** Makes what tells the cloud of those who are in no configuration, for a connection. */
  readonly unclaimed?: () => { next(): string | null };
  /** Learns the cloud's time, and corrects by it what is sent. */
  readonly time: Pick<GatewayTime, "correct" | "ask" | "cloudTime">;
  readonly clock: Clock;
}

/**
 * Text of details in a batch, for each reading that the pace allows. Longer ones, such as what is in quarantine, would
 * make a batch many times what the pace was found for, and all that follows would wait behind it.
 */
const textChars_perReading = 32;

/** A lane that owes no more than this has no backlog: it is what comes in while the cloud acknowledges. */
const owed_max = 500;

/** How long a change of the gateway's state waits for others. */
const tellSoon_ms = 500;

/**
 * One connection to the cloud, from the log's cursors on: sends batches, what is new before what was left behind, moves
 * the cursors at their acknowledgements, tells the gateway's state. It knows nothing of earlier connections; what they
 * left unacknowledged lies behind the cursors, and what they had acknowledged ahead of those is sent again.
 */
export class UplinkSession {
  readonly #options: UplinkSessionOptions;
  readonly #link: CloudLink;
  readonly #wakeup = new Wakeup();
  readonly #lanes: Record<Lane, LaneProgress>;
  readonly #promptness = new Promptness();
  #pace: Pace;
  #backlogFrom_ms: number;
  #ended: string | null = null;
  #progress_ms: number;
  #acknowledged = 0;
  /** Whether the cloud was last told of a backlog. */
  #toldOfBacklog = false;
  readonly #unclaimed: { next(): string | null } | undefined;
  #cancelHeartbeat: (() => void) | null = null;
  #cancelSoon: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;

  constructor(link: CloudLink, options: UplinkSessionOptions) {
    const { log, limits, clock } = options;
    this.#link = link;
    this.#options = options;
    this.#unclaimed = options.unclaimed?.();
    this.#pace = firstPace(limits.pace);
    const now_ms = clock.monotonic();
    this.#progress_ms = now_ms;
    this.#backlogFrom_ms = now_ms;
    const unsent = log.backlog(uplinkConsumer);
    const begin = (lane: Lane): LaneProgress =>
      new LaneProgress(log.cursor(uplinkConsumer, lane), unsent[lane], now_ms);
    this.#lanes = { events: begin("events"), samples: begin("samples") };
    if (unsent.events + unsent.samples > limits.behind_readings) {
      for (const lane of lanes) this.#lanes[lane].split(log.last);
    }
  }

  /** Batches that the cloud acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Whether what is appended now will be acknowledged soon, as far as one can tell. */
  get acknowledgesSoon(): boolean {
    if (this.#ended !== null || !this.#promptness.isSoon || this.#idle_ms >= soon_ms) return false;
    return lanes.every((lane) => !this.#lanes[lane].view.hasBacklog && this.#lanes[lane].owed <= owed_max);
  }

  /** Runs until the link is lost, hangs, or the signal is aborted; resolves with which of them it was. */
  async run(signal: AbortSignal): Promise<string> {
    const end = (reason: string): void => {
      this.#ended ??= reason;
      this.#wakeup.wake();
    };
    const abort = (): void => end("the gateway is stopping");
    const unsubscribe = this.#options.log.onAppend((lane, block) => this.#note(lane, block));
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    void this.#link.lost.then(end);
    void this.#link.listen(uplinkTopics.alert(this.#options.gateway), (payload) => this.#hearAlert(payload));
    // the answer to what is told before the cloud has granted this is lost
    void this.#link
      .listen(uplinkTopics.time(this.#options.gateway), (payload) => this.#hearTime(payload))
      .then(() => this.#beatNow());
    this.#watch(end);
    this.#beat();
    try {
      while (this.#ended === null) await this.#step();
      return this.#ended;
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", abort);
      this.#cancelHeartbeat?.();
      this.#cancelSoon?.();
      this.#cancelWatch?.();
      this.#link.close();
    }
  }

  async #step(): Promise<void> {
    const { clock, limits, log } = this.#options;
    const { linger_ms, behind_readings } = limits;
    const now_ms = clock.monotonic();
    const { readings: batch_max, flights } = this.#pace;
    const inFlight_max = { ...limits.inFlight_max, samples: Math.min(flights, limits.inFlight_max.samples) };
    for (const lane of lanes) {
      const { unsent, inFlight } = this.#lanes[lane].view;
      if (unsent > behind_readings && inFlight >= inFlight_max[lane]) this.#lanes[lane].split(log.last);
    }
    const next = plan(
      { events: this.#lanes.events.view, samples: this.#lanes.samples.view },
      {
        inFlight_max,
        backlogInFlight_max: Math.min(flights, limits.backlogInFlight_max),
        batch_max,
        linger_ms,
        backlogFrom_ms: this.#backlogFrom_ms,
      },
      now_ms,
    );
    if (next.send !== null) await this.#send(next.send, next.part);
    else await this.#wakeup.wait(clock, next.until_ms === null ? null : next.until_ms - now_ms);
  }

  async #send(lane: Lane, part: Part): Promise<void> {
    const { log, gateway, clock, time } = this.#options;
    const progress = this.#lanes[lane];
    const reach = progress.next(part);
    const { readings: pace } = this.#pace;
    const readings_max = part === "live" ? pace : this.#backlogBatch_max(pace);
    // the log gives whole blocks: with no more than a batch asked for, many a batch would not be full
    const found = await log.read(lane, reach.after, { entries: 2 * readings_max });
    const { run, blocks } = ofOneRun(found, (position) => log.runAt?.(position));
    const bounds = { readings_max, textChars_max: textChars_perReading * pace, upTo: reach.upTo };
    const batch = takeBatch(blocks, bounds, (reading) => time.correct(reading));
    const newest = batch.at(-1);
    if (this.#ended !== null) return;
    if (newest === undefined) {
      progress.nothing(reach);
      this.#passed(lane);
      return;
    }
    const now_ms = clock.monotonic();
    if (!this.#isWaiting()) this.#progress_ms = now_ms;
    if (part === "backlog") this.#spend(batch.length, now_ms);
    const flight = progress.send(reach, newest.seq, batch.length);
    // also where it was its text that filled it
    const isFull = batch.length >= pace || (batch.length < readings_max && newest.seq < endOf(blocks, reach.upTo));
    const bytes = encodeBatch({ gateway, epoch: log.epoch, backlog: part === "backlog", run }, batch);
    this.#link.publish(uplinkTopics.batch(gateway, lane), bytes, () =>
      this.#took(lane, flight, { isFull, sent_ms: now_ms }),
    );
  }

  /** The cloud acknowledged a batch. */
  #took(lane: Lane, flight: Flight, sent: Omit<Acknowledged, "now_ms">): void {
    if (this.#ended !== null) return;
    const { clock, limits } = this.#options;
    const now_ms = clock.monotonic();
    this.#acknowledged += 1;
    this.#progress_ms = now_ms;
    this.#promptness.note(now_ms - sent.sent_ms);
    this.#pace = nextPace(this.#pace, { ...sent, now_ms }, limits.pace);
    this.#lanes[lane].acknowledge(flight);
    this.#passed(lane);
    this.#wakeup.wake();
  }

  #passed(lane: Lane): void {
    this.#options.log.commit(uplinkConsumer, lane, this.#lanes[lane].cursor);
    this.#tellOfEnd();
  }

  /** Readings of a batch of backlog: at a rate no more than go in a second, so that the line isn't taken in bursts. */
  #backlogBatch_max(pace: number): number {
    const { backlog_rate } = this.#options.limits;
    return backlog_rate === 0 ? pace : Math.min(pace, Math.ceil(backlog_rate));
  }

  #spend(readings: number, now_ms: number): void {
    const { backlog_rate } = this.#options.limits;
    if (backlog_rate === 0) return;
    this.#backlogFrom_ms = Math.max(now_ms, this.#backlogFrom_ms) + (1_000 * readings) / backlog_rate;
  }

  #note(lane: Lane, { entries }: Block<Reading>): void {
    this.#lanes[lane].note(entries.length, this.#options.clock.monotonic());
    this.#wakeup.wake();
  }

  #isWaiting(): boolean {
    return lanes.some((lane) => this.#lanes[lane].view.inFlight > 0);
  }

  /** For how long the cloud has acknowledged nothing, though it could. */
  get #idle_ms(): number {
    return this.#isWaiting() ? this.#options.clock.monotonic() - this.#progress_ms : 0;
  }

  /** Ends a link on which nothing moves: TCP alone would take a quarter of an hour to notice. */
  #watch(end: (reason: string) => void): void {
    const { clock, acknowledge_timeout_ms } = this.#options;
    const idle_ms = this.#idle_ms;
    if (idle_ms >= acknowledge_timeout_ms) {
      end(`the cloud acknowledged nothing for ${Math.round(idle_ms / 1_000)} s`);
      return;
    }
    this.#cancelWatch = clock.after(acknowledge_timeout_ms - idle_ms, () => this.#watch(end));
  }

  #beat(): void {
    const { gateway, status, time, clock, heartbeat_ms } = this.#options;
    const current = status();
    // the cursor does not tell of what the cloud has acknowledged ahead of it
    const owed = (lane: Lane): number => Math.min(current.backlog[lane], this.#lanes[lane].owed);
    const backlog = { events: owed("events"), samples: owed("samples") };
    const told: GatewayStatus = { ...current, backlog, asked_ms: time.ask() };
    this.#toldOfBacklog = !isEmpty(told.backlog);
    this.#link.tell(uplinkTopics.status(gateway), JSON.stringify(told));
    const unclaimed = this.#unclaimed?.next() ?? null;
    if (unclaimed !== null) this.#link.tell(uplinkTopics.unclaimed(gateway), unclaimed);
    this.#cancelHeartbeat = clock.after(heartbeat_ms, () => this.#beat());
  }

  /** The end of a backlog is told at once: until then the cloud calls its verdicts provisional. */
  #tellOfEnd(): void {
    if (!this.#toldOfBacklog || !isEmpty(this.#options.log.backlog(uplinkConsumer))) return;
    this.#beatNow();
  }

  /** Tells the gateway's state within `tellSoon_ms`, together with whatever else changes until then. */
  tellSoon(): void {
    this.#cancelSoon ??= this.#options.clock.after(tellSoon_ms, () => {
      this.#cancelSoon = null;
      this.#beatNow();
    });
  }

  #beatNow(): void {
    if (this.#ended !== null) return;
    this.#cancelHeartbeat?.();
    this.#beat();
  }

  /** The cloud answers each heartbeat with its time. */
  #hearTime(payload: Uint8Array): void {
    const answer = cloudTime.safeParse(parseJson(payload)).data;
    if (answer !== undefined) this.#options.time.cloudTime(answer.at, answer.asked_ms);
  }

  #hearAlert(payload: Uint8Array): void {
    const alert = gatewayAlert.safeParse(parseJson(payload)).data;
    if (alert !== undefined) this.#options.alert?.(alert);
  }
}

/** The last position that could have been taken from some blocks. */
function endOf(blocks: readonly Block<Reading>[], upTo: number): number {
  const last = blocks.at(-1);
  return last === undefined ? 0 : Math.min(upTo, last.first + last.entries.length - 1);
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    // the schema refuses it
    return undefined;
  }
}

function isEmpty(backlog: Readonly<Record<Lane, number>>): boolean {
  return lanes.every((lane) => backlog[lane] === 0);
}
