import type { Listen } from "@gengfu/shared/config/listen";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger, type Logger } from "@gengfu/shared/logging";
import { Passwords } from "@gengfu/shared/mqtt/passwords";
import { HeldLog } from "@gengfu/shared/testing/held-log";
import { systemClock } from "@gengfu/shared/time/clock";
import type { ForeignDoor } from "../broker/foreign-door.ts";
import { DeviceBroker } from "../broker/device-broker.ts";
import { brokerLimits, type BrokerLimits } from "../broker/schema.ts";
import type { EdgeEntry } from "../entry.ts";
import { Intake } from "../intake/intake.ts";
import type { Deliver } from "../intake/message.ts";
import { Quarantine } from "../intake/quarantine.ts";
import { Troubles } from "../troubles.ts";

export interface BrokerUnderTest {
  readonly log: HeldLog<EdgeEntry>;
  readonly intake: Intake;
  readonly broker: DeviceBroker;
  readonly quarantine: Quarantine;
  readonly port: number;
  /** Messages of those who send too much. */
  readonly dropped: () => number;
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
  /** Who else signs on, with the password `secret`. */
  readonly foreign?: ForeignDoor & { readonly accounts: readonly { readonly id: string }[] };
  readonly troubles?: Pick<Troubles, "set">;
  readonly isPressed?: () => boolean;
}

/** Lets nobody in who doesn't speak the contract. */
const nobody = { accounts: [], open: () => undefined, refused: () => undefined };

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
      clock,
    });
  const foreign = options.foreign ?? nobody;
  const quarantine = new Quarantine(clock, limits.quarantine_per_minute);
  const broker = new DeviceBroker({
    listen: { host: "127.0.0.1", port: options.port ?? 0, plaintext: false, tls: options.tls },
    limits,
    passwords: new Passwords(
      ["tank", "panel", "reader", ...foreign.accounts.map(({ id }) => id)].map((id) => ({ id, secret: "secret" })),
    ),
    deliver: options.wrap?.(intake, () => broker) ?? intake.deliver,
    isFull: () => intake.isFull,
    isPressed: options.isPressed ?? (() => false),
    foreign,
    troubles: options.troubles ?? new Troubles(),
    trails: intake.trails,
    quarantine,
    clock,
    logger: options.logger ?? silentLogger,
  });
  const { port } = await broker.start();
  return { log, intake, broker, quarantine, port, dropped: () => broker.dropped, stop: () => broker.stop() };
}
