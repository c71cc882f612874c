import type { Listen } from "@gengfu/shared/config/listen";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger, type Logger } from "@gengfu/shared/logging";
import { Passwords } from "@gengfu/shared/mqtt/passwords";
import { HeldLog } from "@gengfu/shared/testing/held-log";
import { systemClock } from "@gengfu/shared/time/clock";
import { DeviceBroker } from "../broker/device-broker.ts";
import { brokerLimits, type BrokerLimits } from "../broker/schema.ts";
import type { EdgeEntry } from "../entry.ts";
import { Intake } from "../intake/intake.ts";
import type { Deliver } from "../intake/message.ts";
import { Quarantine } from "../intake/quarantine.ts";

export interface BrokerUnderTest {
  readonly log: HeldLog<EdgeEntry>;
  readonly intake: Intake;
  readonly broker: DeviceBroker;
  readonly quarantine: Quarantine;
  readonly port: number;
  stop(): Promise<void>;
}

export interface BrokerTestOptions {
  readonly limits?: Partial<BrokerLimits>;
  readonly logger?: Logger;
  readonly pending_max?: number;
  readonly tls?: Listen["tls"];
  /** Stands before the intake. */
  readonly wrap?: (intake: Intake, broker: () => DeviceBroker) => Deliver;
  /** The log and intake of one that was stopped, and its port. */
  readonly log?: HeldLog<EdgeEntry>;
  readonly intake?: Intake;
  readonly port?: number;
}

/** A device broker with its intake over a log in memory; devices `tank`, `panel` and `reader`, password `secret`. */
export async function startBroker(options: BrokerTestOptions = {}): Promise<BrokerUnderTest> {
  const log = options.log ?? new HeldLog(memoryLog<EdgeEntry>());
  const limits = { ...brokerLimits.parse({}), ...options.limits };
  const clock = systemClock;
  const intake =
    options.intake ??
    new Intake({
      log,
      time: { stamp: () => ({ at: clock.now(), clock: "synchronised" }) },
      pending_max: options.pending_max ?? 10_000,
    });
  const quarantine = new Quarantine(clock, limits.quarantine_per_minute);
  const broker = new DeviceBroker({
    listen: { host: "127.0.0.1", port: options.port ?? 0, plaintext: false, tls: options.tls },
    limits,
    passwords: new Passwords(["tank", "panel", "reader"].map((id) => ({ id, secret: "secret" }))),
    deliver: options.wrap?.(intake, () => broker) ?? intake.deliver,
    isFull: () => intake.isFull,
    trails: intake.trails,
    quarantine,
    clock,
    logger: options.logger ?? silentLogger,
  });
  const { port } = await broker.start();
  return { log, intake, broker, quarantine, port, stop: () => broker.stop() };
}
