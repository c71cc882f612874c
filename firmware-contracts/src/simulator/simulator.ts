import type { Logger } from "@gengfu/shared/logging";
import type { Site } from "@gengfu/shared/model/site";
import type { Clock } from "@gengfu/shared/time/clock";
import { DeviceConnection, type DeviceStats } from "./device-connection.ts";
import { Play, type Happening } from "./play.ts";
import { scenarios, type Scenario } from "./scenario.ts";
import { step_ms_max } from "./world.ts";

export interface SimulatorOptions {
  /** Its devices that have a secret sign on; the others are none of MQTT. */
  readonly site: Site;
  readonly broker: string;
  /** What goes wrong; nothing unless given. */
  readonly scenario?: Scenario;
  /** How much faster than real time the world runs. */
  readonly speed: number;
  readonly seed: number;
  /** Time of the day at the site when the world begins, milliseconds since midnight; what the clock says unless given. */
  readonly began_ms?: number;
  /** By which the world goes. */
  readonly clock: Clock;
  /** By which the lines keep their timeouts and reconnect; `clock` unless given. */
  readonly lineClock?: Clock;
  readonly logger: Logger;
  readonly reconnect_ms?: number;
}

const tick_ms = 250;
const told_every_ms = 5_000;
/** After a pause of the machine time is not made up for beyond this. */
const tick_ms_max = 60_000;
/** A broker's queue of connections that it has not accepted is short. */
const connections_per_second = 500;

/** Every device of a site, each on its own connection, in one small world. */
export class Simulator {
  readonly #options: SimulatorOptions;
  readonly #connections: ReadonlyMap<string, DeviceConnection>;
  readonly #play: Play;
  readonly #starting = new Set<() => void>();
  #last_ms = 0;
  #connected = 0;
  #told_ms = 0;
  #trouble = { reason: "", reported_ms: 0 };
  #cancel: (() => void) | undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    const { site, broker, seed, speed, clock, lineClock = clock, logger, reconnect_ms } = options;
    // there is no disk to count boots on; seconds are new after each
    const boot = Math.floor(clock.now() / 1_000);
    const devices = site.devices.flatMap(({ id, secret }) => (secret === undefined ? [] : [{ id, secret }]));
    this.#connections = new Map(
      devices.map(({ id, secret }) => [
        id,
        new DeviceConnection({
          broker,
          device: id,
          secret,
          boot,
          clock,
          lineClock,
          logger,
          onTrouble: (reason) => this.#reportTrouble(reason),
          ...(reconnect_ms === undefined ? {} : { reconnect_ms }),
        }),
      ]),
    );
    this.#play = new Play({
      site,
      scenario: options.scenario ?? scenarios.calm,
      began_ms: options.began_ms ?? timeOfDay(clock.now(), site.time_zone),
      seed,
      step_ms: Math.min(step_ms_max, tick_ms * speed),
    });
  }

  start(): void {
    const { clock, lineClock = clock } = this.#options;
    this.#last_ms = clock.monotonic() - tick_ms;
    for (const [index, connection] of [...this.#connections.values()].entries()) {
      const delay_ms = Math.floor(index / connections_per_second) * 1_000;
      if (delay_ms === 0) connection.start();
      else this.#starting.add(lineClock.after(delay_ms, () => connection.start()));
    }
    this.#tick();
  }

  /** Every device says `offline` and leaves. */
  async stop(): Promise<void> {
    this.#cancel?.();
    for (const cancel of this.#starting) cancel();
    await Promise.all([...this.#connections.values()].map((connection) => connection.stop()));
  }

  /** Closes a channel of every fire panel, for so long in real time. */
  press(channel: string, duration_ms: number): void {
    this.#play.press(channel, duration_ms * this.#options.speed);
  }

  get stats(): DeviceStats {
    const sum = { connected: 0, published: 0, waiting: 0, dropped: 0, refused: 0 };
    for (const { stats } of this.#connections.values()) {
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += stats[key];
    }
    return sum;
  }

  /** Tells when all are there or all gone, and in between from time to time. */
  #reportConnections(): void {
    const { connected } = this.stats;
    const now_ms = this.#options.clock.monotonic();
    const isEnd = connected === 0 || connected === this.#connections.size;
    if (connected === this.#connected || (!isEnd && now_ms - this.#told_ms < told_every_ms)) return;
    this.#connected = connected;
    this.#told_ms = now_ms;
    if (connected === this.#connections.size) this.#trouble.reason = "";
    this.#options.logger.info({ connected, devices: this.#connections.size }, "devices connected");
  }

  /** All devices mostly have the same trouble at the same time: it is told once, and again each minute. */
  #reportTrouble(reason: string): void {
    const now_ms = this.#options.clock.monotonic();
    if (reason === this.#trouble.reason && now_ms - this.#trouble.reported_ms < 60_000) return;
    this.#trouble = { reason, reported_ms: now_ms };
    this.#options.logger.warn(
      { broker: this.#options.broker, reason },
      "devices can't reach the broker; they go on trying",
    );
  }

  readonly #tick = (): void => {
    const { clock, speed } = this.#options;
    const now_ms = clock.monotonic();
    const happenings = this.#play.advance(Math.min(now_ms - this.#last_ms, tick_ms_max) * speed);
    this.#last_ms = now_ms;
    for (const happening of happenings) this.#take(happening);
    this.#reportConnections();
    this.#cancel = clock.after(tick_ms, this.#tick);
  };

  #take(happening: Happening): void {
    switch (happening.type) {
      case "measured":
        return this.#connections.get(happening.measurement.device)?.offer(happening.measurement);
      case "rebooted":
        return this.#connections.get(happening.device)?.reboot();
    }
  }
}

/** Milliseconds since midnight at the site. */
function timeOfDay(at: number, time_zone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(time_zone);
  return at - local.startOfDay().epochMilliseconds;
}
