import { join } from "node:path";
import { edgeEntryCodec, type EdgeEntry } from "@gengfu/edge/entry";
import { GatewayTime } from "@gengfu/edge/intake/gateway-time";
import { Intake } from "@gengfu/edge/intake/intake";
import { sentOnce, valueMessage } from "@gengfu/edge/intake/message";
import { clockEntry } from "@gengfu/edge/intake/own-entry";
import type { CloudLink } from "@gengfu/edge/uplink/cloud-link";
import { uplinkConsumer, UplinkSession } from "@gengfu/edge/uplink/uplink-session";
import { openSqliteLog, type SqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { parseUplinkTopic, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { until } from "../support/until.ts";
import { gateway, type CloudPath } from "./cloud-path.ts";

const tail_entries = 1_000;

interface Process {
  readonly log: SqliteLog<EdgeEntry>;
  readonly time: GatewayTime;
  readonly intake: Intake;
}

interface Connection {
  readonly stop: AbortController;
  readonly running: Promise<string>;
}

/** A Raspberry Pi without a battery clock, its disk, and the edge's own log, time, intake and uplink on it. */
export class Pi {
  readonly #cloud: CloudPath;
  readonly #file: string;
  #clock = new ManualClock();
  /** The machine's time at which the cloud's clock was last moved: timers run before that is. */
  #together_ms = 0;
  #boot = 0;
  #process: Process | undefined;
  #connection: Connection | undefined;
  /** When each reading was truly taken, by its value. */
  readonly taken: number[] = [];

  constructor(cloud: CloudPath, folder: string) {
    this.#cloud = cloud;
    this.#file = join(folder, "edge-log.sqlite");
  }

  /** Begins a boot whose clock shows `wall`. */
  powerOn(wall: number): void {
    this.#boot += 1;
    this.#clock = new ManualClock(wall);
    this.#together_ms = 0;
    this.startProcess();
  }

  async powerOff(): Promise<void> {
    await this.disconnect();
    await this.#running.log.close();
    this.#process = undefined;
  }

  startProcess(): void {
    const clock = this.#clock;
    const log = openSqliteLog({
      file: this.#file,
      codec: edgeEntryCodec,
      clock,
      logger: silentLogger,
      consumers: [uplinkConsumer],
      tail_entries,
    });
    const time = new GatewayTime({
      clock,
      machine: { boot: this.#boot, uptime_ms: () => clock.monotonic() },
      timeService: () => null,
      settled: (known) => void log.append("events", [clockEntry(gateway, time.stamp(), known)]),
      logger: silentLogger,
    });
    const intake = new Intake({ log, time, pending_max: 10_000, clock });
    const tail = log.readTail(tail_entries);
    intake.restore(tail);
    time.restore(tail);
    this.#process = { log, time, intake };
  }

  async restartProcess(): Promise<void> {
    await this.powerOff();
    this.startProcess();
  }

  /** Someone sets the system's clock. */
  setClock(by_ms: number): void {
    this.#clock.jump(this.#clock.now() + by_ms);
  }

  get clockQuality(): string {
    return this.#running.time.quality();
  }

  /** Time goes by, here and everywhere. */
  pass(ms: number): void {
    this.#clock.advance(ms);
    this.#cloud.clock.advance(ms);
    this.#together_ms = this.#clock.monotonic();
  }

  /** Takes readings, one each second. */
  async take(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      this.pass(1_000);
      const value = this.taken.push(this.#cloud.clock.now()) - 1;
      await this.#running.intake.deliver("tank-fire", valueMessage("level", null, value), sentOnce);
    }
  }

  connect(): void {
    const { log, time } = this.#running;
    const stop = new AbortController();
    const session = new UplinkSession(this.#link(), {
      log,
      gateway,
      limits: {
        inFlight_max: { events: 4, samples: 4 },
        backlogInFlight_max: 2,
        behind_readings: 2_000,
        backlog_rate: 0,
        linger_ms: 0,
        pace: {
          readings: { min: 50, first: 50, max: 2_000 },
          flights: { min: 1, first: 2, max: 4 },
          delay_max_ms: 400,
        },
      },
      acknowledge_timeout_ms: 30_000,
      heartbeat_ms: 10_000,
      status: () => this.#status(),
      time,
      clock: this.#clock,
    });
    this.#connection = { stop, running: session.run(stop.signal) };
  }

  async disconnect(): Promise<void> {
    this.#connection?.stop.abort();
    await this.#connection?.running;
    this.#connection = undefined;
  }

  /** Resolves when the cloud has all that was taken. */
  async delivered(): Promise<void> {
    const { log } = this.#running;
    await until("the cloud to have everything", () => {
      const { events, samples } = log.backlog(uplinkConsumer);
      return events + samples === 0;
    });
  }

  get #running(): Process {
    if (this.#process === undefined) throw new Error("the process is down");
    return this.#process;
  }

  #link(): CloudLink {
    const cloud = this.#cloud;
    const lost = Promise.withResolvers<string>();
    const gone = new AbortController();
    let hear: ((payload: Uint8Array) => void) | undefined;
    return {
      publish(topic, payload, acknowledged) {
        const lane = parseUplinkTopic(topic)?.channel;
        if (lane !== "events" && lane !== "samples") throw new Error(`a batch on ${topic}`);
        cloud.intake.take(gateway, lane, payload, gone.signal).then(
          () => gone.signal.aborted || acknowledged(),
          (error: unknown) => lost.resolve(String(error)),
        );
      },
      tell: (_topic, payload) => {
        const later_ms = this.#clock.monotonic() - this.#together_ms;
        const answer = cloud.answer(JSON.parse(payload) as GatewayStatus, later_ms);
        if (answer !== undefined) hear?.(Buffer.from(JSON.stringify(answer)));
      },
      listen(_topic, take) {
        hear = take;
        return Promise.resolve();
      },
      lost: lost.promise,
      close() {
        gone.abort(new Error("closed"));
        lost.resolve("closed");
      },
    };
  }

  #status(): GatewayStatus {
    const { log, time } = this.#running;
    return {
      gateway,
      epoch: log.epoch,
      at: time.now(),
      clock: time.quality(),
      last: log.last,
      backlog: log.backlog(uplinkConsumer),
      dropped: 0,
      quarantined: 0,
      uptime_s: 0,
      rss_bytes: 0,
      version: "0",
      troubles: [],
    };
  }
}
