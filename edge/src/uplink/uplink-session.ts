import { encodeBatch } from "@gengfu/shared/codec/batch";
import type { Block, Log } from "@gengfu/shared/log/log";
import { lanes, type Lane, type Reading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import { uplinkTopics, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { Wakeup } from "@gengfu/shared/wakeup";
import type { CloudLink } from "./cloud-link.ts";
import { plan, type PlanLimits } from "./lane-planner.ts";
import { LaneWindow } from "./lane-window.ts";
import { takeBatch, type BatchBounds } from "./take-batch.ts";

/** Name of the uplink's cursor in the edge's log. */
export const uplinkConsumer = "uplink";

export interface UplinkSessionOptions {
  readonly log: Log<Reading>;
  readonly gateway: string;
  readonly limits: PlanLimits;
  readonly acknowledge_timeout_ms: number;
  readonly heartbeat_ms: number;
  readonly status: () => GatewayStatus;
  readonly clock: Clock;
}

/** Text of details in a batch: even if every character took six bytes in JSON, the cloud would take the batch. */
const textChars_max = 1024 * 1024;

interface LaneState {
  readonly window: LaneWindow;
  unsent: number;
  since_ms: number;
  /** Entries appended to the lane since the session began. */
  appended: number;
}

/**
 * One connection to the cloud, from the log's cursors on: sends batches, moves the cursors at their acknowledgements,
 * tells the gateway's state. It knows nothing of earlier connections; what they left unacknowledged lies behind the
 * cursors.
 */
export class UplinkSession {
  readonly #options: UplinkSessionOptions;
  readonly #link: CloudLink;
  readonly #wakeup = new Wakeup();
  readonly #lanes: Record<Lane, LaneState>;
  readonly #bounds: BatchBounds;
  #ended: string | null = null;
  #progress_ms: number;
  #acknowledged = 0;
  /** Whether the cloud was last told of a backlog. */
  #toldOfBacklog = false;
  #cancelHeartbeat: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;

  constructor(link: CloudLink, options: UplinkSessionOptions) {
    this.#link = link;
    this.#options = options;
    this.#bounds = { readings_max: options.limits.batch_max, textChars_max };
    this.#progress_ms = options.clock.monotonic();
    const backlog = options.log.backlog(uplinkConsumer);
    const begin = (lane: Lane): LaneState => ({
      window: new LaneWindow(options.log.cursor(uplinkConsumer, lane)),
      unsent: backlog[lane],
      since_ms: this.#progress_ms,
      appended: 0,
    });
    this.#lanes = { events: begin("events"), samples: begin("samples") };
  }

  /** Batches that the cloud acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
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
    this.#watch(end);
    this.#beat();
    try {
      while (this.#ended === null) await this.#step();
      return this.#ended;
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", abort);
      this.#cancelHeartbeat?.();
      this.#cancelWatch?.();
      this.#link.close();
    }
  }

  async #step(): Promise<void> {
    const { clock, limits } = this.#options;
    const now_ms = clock.monotonic();
    const view = ({ unsent, since_ms, window }: LaneState) => ({ unsent, since_ms, inFlight: window.inFlight });
    const next = plan({ events: view(this.#lanes.events), samples: view(this.#lanes.samples) }, limits, now_ms);
    if (next.send !== null) await this.#send(next.send);
    else await this.#wakeup.wait(clock, next.until_ms === null ? null : next.until_ms - now_ms);
  }

  async #send(lane: Lane): Promise<void> {
    const { log, gateway, clock } = this.#options;
    const state = this.#lanes[lane];
    const appendedBefore = state.appended;
    const blocks = await log.read(lane, state.window.sent, { entries: this.#bounds.readings_max });
    const batch = takeBatch(blocks, this.#bounds);
    const newest = batch.at(-1);
    if (newest === undefined) {
      // what was counted has gone at the log's bound; what came while reading is still to be read
      state.unsent = state.appended - appendedBefore;
      return;
    }
    if (this.#ended !== null) return;
    state.unsent = Math.max(0, state.unsent - batch.length);
    if (!this.#isWaiting()) this.#progress_ms = clock.monotonic();
    const flight = state.window.send(newest.seq);
    this.#link.publish(uplinkTopics.batch(gateway, lane), encodeBatch({ gateway, epoch: log.epoch }, batch), () => {
      if (this.#ended !== null) return;
      this.#acknowledged += 1;
      this.#progress_ms = clock.monotonic();
      log.commit(uplinkConsumer, lane, state.window.acknowledge(flight));
      this.#tellOfEnd();
      this.#wakeup.wake();
    });
  }

  #note(lane: Lane, { entries }: Block<Reading>): void {
    const state = this.#lanes[lane];
    if (state.unsent === 0) state.since_ms = this.#options.clock.monotonic();
    state.unsent += entries.length;
    state.appended += entries.length;
    this.#wakeup.wake();
  }

  #isWaiting(): boolean {
    return lanes.some((lane) => this.#lanes[lane].window.inFlight > 0);
  }

  /** Ends a link on which nothing moves: TCP alone would take a quarter of an hour to notice. */
  #watch(end: (reason: string) => void): void {
    const { clock, acknowledge_timeout_ms } = this.#options;
    const idle_ms = this.#isWaiting() ? clock.monotonic() - this.#progress_ms : 0;
    if (idle_ms >= acknowledge_timeout_ms) {
      end(`the cloud acknowledged nothing for ${Math.round(idle_ms / 1_000)} s`);
      return;
    }
    this.#cancelWatch = clock.after(acknowledge_timeout_ms - idle_ms, () => this.#watch(end));
  }

  #beat(): void {
    const { gateway, status, clock, heartbeat_ms } = this.#options;
    const current = status();
    this.#toldOfBacklog = !isEmpty(current.backlog);
    this.#link.tell(uplinkTopics.status(gateway), JSON.stringify(current));
    this.#cancelHeartbeat = clock.after(heartbeat_ms, () => this.#beat());
  }

  /** The end of a backlog is told at once: until then the cloud calls its verdicts provisional. */
  #tellOfEnd(): void {
    if (!this.#toldOfBacklog || !isEmpty(this.#options.log.backlog(uplinkConsumer))) return;
    this.#cancelHeartbeat?.();
    this.#beat();
  }
}

function isEmpty(backlog: Readonly<Record<Lane, number>>): boolean {
  return lanes.every((lane) => backlog[lane] === 0);
}
