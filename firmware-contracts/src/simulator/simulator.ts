import type { Logger } from "@gengfu/shared/logging";
import type { Site } from "@gengfu/shared/model/site";
import type { Clock } from "@gengfu/shared/time/clock";
import { DeviceConnection } from "./device-connection.ts";
import { createWorld, pressEveryPanel, step, type World } from "./world.ts";

export interface SimulatorOptions {
  readonly site: Site;
  readonly broker: string;
  /** How much faster than real time the world runs. */
  readonly speed: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reconnect_ms?: number;
}

const tick_ms = 250;
/** After a pause of the machine time is not made up for beyond this. */
const tick_ms_max = 60_000;

/** Every device of a site, each on its own connection, in one small world. */
export class Simulator {
  readonly #options: SimulatorOptions;
  readonly #connections: ReadonlyMap<string, DeviceConnection>;
  #world: World;
  #last_ms = 0;
  #connected = 0;
  #trouble = { reason: "", reported_ms: 0 };
  #cancel: (() => void) | undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    const { site, broker, seed, clock, logger, reconnect_ms } = options;
    // there is no disk to count boots on; seconds are new after each
    const boot = Math.floor(clock.now() / 1_000);
    this.#connections = new Map(
      site.devices.map(({ id: device, secret }) => [
        device,
        new DeviceConnection({
          broker,
          device,
          secret,
          boot,
          clock,
          logger,
          onTrouble: (reason) => this.#reportTrouble(reason),
          ...(reconnect_ms === undefined ? {} : { reconnect_ms }),
        }),
      ]),
    );
    this.#world = createWorld(site, timeOfDay(clock.now(), site.time_zone), seed);
  }

  start(): void {
    this.#last_ms = this.#options.clock.monotonic() - tick_ms;
    for (const connection of this.#connections.values()) connection.start();
    this.#tick();
  }

  /** Every device says `offline` and leaves. */
  async stop(): Promise<void> {
    this.#cancel?.();
    await Promise.all([...this.#connections.values()].map((connection) => connection.stop()));
  }

  /** Closes a channel of every fire panel, for so long in real time. */
  press(channel: string, duration_ms: number): void {
    this.#world = pressEveryPanel(this.#world, channel, duration_ms * this.#options.speed);
  }

  get stats(): Record<"connected" | "published" | "waiting" | "dropped" | "refused", number> {
    const sum = { connected: 0, published: 0, waiting: 0, dropped: 0, refused: 0 };
    for (const { stats } of this.#connections.values()) {
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += stats[key];
    }
    return sum;
  }

  #reportConnections(): void {
    const { connected } = this.stats;
    if (connected === this.#connected) return;
    this.#connected = connected;
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
    const { world, measurements } = step(this.#world, Math.min(now_ms - this.#last_ms, tick_ms_max) * speed);
    this.#world = world;
    this.#last_ms = now_ms;
    for (const measurement of measurements) this.#connections.get(measurement.device)?.offer(measurement);
    this.#reportConnections();
    this.#cancel = clock.after(tick_ms, this.#tick);
  };
}

/** Milliseconds since midnight at the site. */
function timeOfDay(at: number, time_zone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(time_zone);
  return at - local.startOfDay().epochMilliseconds;
}
