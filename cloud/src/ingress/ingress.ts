import { strict as assert } from "node:assert";
import type { Listen } from "@gengfu/shared/config/listen";
import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import {
  gatewayStatus,
  unclaimedReport,
  uplinkTopics,
  type CloudTime,
  type GatewayAlert,
  type UplinkChannel,
} from "@gengfu/shared/uplink-protocol";
import type { GatewayRegistry } from "../gateways/registry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { BatchIntake, type IntakeStats, type Unusable } from "./batch-intake.ts";
import { BatchQuarantine, type QuarantinedBatch } from "./batch-quarantine.ts";
import type { UnclaimedBook } from "../unclaimed/unclaimed-book.ts";
import { GatewayBroker } from "./gateway-broker.ts";
import type { GatewaySession } from "./gateway-session.ts";

export interface IngressOptions {
  readonly listen: Listen;
  readonly gateways: readonly { readonly id: string; readonly secret: string }[];
  /** Batches that can't be decoded; its folder must exist. */
  readonly quarantineFile: string;
  readonly log: Log<StoredReading>;
  /** Started before the ingress and stopped after it. */
  readonly ledger: Pick<Ledger, "place" | "claim" | "repeats" | "hold" | "settle">;
  readonly registry: Pick<GatewayRegistry, "connected" | "disconnected" | "heard" | "status">;
  /** What of a gateway's site is open when it connects. */
  readonly openAlerts?: (gateway: string) => readonly GatewayAlert[];
  /** Told of who speaks to a gateway and is in no configuration. */
  readonly unclaimed?: Pick<UnclaimedBook, "take">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface IngressStats extends IntakeStats {
  /** Connections of gateways that have signed on. */
  readonly connections: number;
  /** Batches that could not be decoded, since the start. */
  readonly quarantined: number;
  /** Of those in quarantine, how many the bound has pushed out since the start. */
  readonly quarantineDropped: number;
  /** Sign-ons, topics, packets and statuses that were refused, since the start. */
  readonly refused: number;
}

const statusBytes_max = 64 * 1024;
const unclaimedBytes_max = 512 * 1024;

export function createIngress(options: IngressOptions): Ingress {
  return new Ingress(options);
}

/** Where gateways deliver: takes their batches over, and answers once they are on the cloud's disk. */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #broker: GatewayBroker;
  readonly #intake: BatchIntake;
  readonly #log: RepeatLog;
  /** Those that were told of the open alerts. */
  readonly #told = new WeakSet<GatewaySession>();
  #quarantine: BatchQuarantine | undefined;
  #quarantined = 0;
  #refused = 0;

  constructor(options: IngressOptions) {
    const { log, ledger, registry, clock, logger } = options;
    this.#options = options;
    this.#log = new RepeatLog(logger, clock);
    this.#intake = new BatchIntake({ log, ledger, setAside: (batch) => this.#setAside(batch) });
    this.#broker = new GatewayBroker({
      listen: options.listen,
      gateways: options.gateways,
      take: (session, channel, payload) => this.#take(session, channel, payload),
      connected: (gateway) => registry.connected(gateway),
      disconnected: (gateway) => registry.disconnected(gateway),
      clock,
      logger,
    });
  }

  /** Resolves once gateways can connect; throws GengfuError `listen_failed`. */
  async start(): Promise<{ port: number }> {
    const { quarantineFile, logger } = this.#options;
    this.#quarantine = new BatchQuarantine(quarantineFile, logger);
    try {
      return await this.#broker.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends all connections. What is not acknowledged by then the gateways send again. */
  async stop(): Promise<void> {
    await this.#broker.stop();
    this.#quarantine?.close();
    this.#quarantine = undefined;
  }

  stats(): IngressStats {
    return {
      ...this.#intake.stats(),
      connections: this.#broker.connections,
      quarantined: this.#quarantined,
      quarantineDropped: this.#quarantine?.dropped ?? 0,
      refused: this.#broker.refused + this.#refused,
    };
  }

  /** Batches in quarantine, newest first; none before the start. */
  quarantine(limit: number): QuarantinedBatch[] {
    return this.#quarantine?.list(limit) ?? [];
  }

  /** Tells a gateway what became of an alert of its site; one that is away is told when it connects again. */
  tellAlert(gateway: string, alert: GatewayAlert): void {
    this.#broker.tell(uplinkTopics.alert(gateway), Buffer.from(JSON.stringify(alert)));
  }

  async #take(session: GatewaySession, channel: UplinkChannel, payload: Buffer): Promise<void> {
    this.#options.registry.heard(session.gateway);
    if (channel === "status") this.#takeStatus(session, payload);
    else if (channel === "unclaimed") this.#takeUnclaimed(session, payload);
    else await this.#intake.take(session.gateway, channel, payload, session.gone);
  }

  #setAside({ gateway, lane, body, code, message }: Unusable): void {
    this.#quarantined += 1;
    const topic = uplinkTopics.batch(gateway, lane);
    assert(this.#quarantine !== undefined, "batches come between start and stop");
    this.#quarantine.add({ at: this.#options.clock.now(), gateway, topic, code, message, body });
    const context = { gateway, code, reason: message };
    this.#log.warn(`quarantine ${gateway} ${code}`, context, "a batch went to quarantine");
  }

  #takeStatus(session: GatewaySession, payload: Buffer): void {
    const status = payload.length > statusBytes_max ? undefined : gatewayStatus.safeParse(parseJson(payload)).data;
    if (status?.gateway !== session.gateway) {
      this.#refused += 1;
      const what = "a status that breaks its schema; it was ignored";
      this.#log.warn(`status ${session.gateway}`, session.about, what);
      return;
    }
    this.#options.registry.status(session.gateway, status);
    if (status.asked_ms === undefined) return;
    this.#tellTime(session.gateway, status.asked_ms);
    // what is told before a gateway listens is lost, and it asks only once it does
    if (this.#told.has(session)) return;
    this.#told.add(session);
    for (const alert of this.#options.openAlerts?.(session.gateway) ?? []) this.tellAlert(session.gateway, alert);
  }

  #takeUnclaimed(session: GatewaySession, payload: Buffer): void {
    const report = payload.length > unclaimedBytes_max ? undefined : unclaimedReport.safeParse(parseJson(payload)).data;
    if (report !== undefined) return this.#options.unclaimed?.take(session.gateway, report);
    this.#refused += 1;
    const what = "a report of the unclaimed breaks its schema; it was ignored";
    this.#log.warn(`unclaimed ${session.gateway}`, session.about, what);
  }

  /** A gateway without a battery clock has no other time until a time service reaches it. */
  #tellTime(gateway: string, asked_ms: number): void {
    const time: CloudTime = { at: this.#options.clock.now(), asked_ms };
    this.#broker.tell(uplinkTopics.time(gateway), Buffer.from(JSON.stringify(time)));
  }
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    // the schema refuses it
    return undefined;
  }
}
