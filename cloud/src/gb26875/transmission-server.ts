import type { Socket } from "node:net";
import { reachableHost } from "@gengfu/shared/config/listen";
import { messageOf } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import { SocketServer } from "@gengfu/shared/mqtt/socket-server";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { GatewayRegistry } from "../gateways/registry.ts";
import type { LedgerView } from "../ledger/ledger-view.ts";
import { command, type Frame } from "./frame.ts";
import type { Parsed } from "./frame-parser.ts";
import { configuredUnits, type ConfiguredUnit } from "./configured-units.ts";
import type { PostCheck } from "./post-check.ts";
import type { PostCheckAnswer } from "./post-checks.ts";
import { Session } from "./session.ts";
import type { TransmissionSettings } from "./settings.ts";
import { Strangers, type Stranger } from "./strangers.ts";
import { refusals, type Refusal, type TransmissionStats } from "./transmission-stats.ts";
import { UnitLog } from "./unit-log.ts";
import { UnitMemories } from "./unit-memories.ts";
import { Unit } from "./unit.ts";

/** Who has not shown who he is has less time. */
const signOn_ms = 30_000;
const handshake_timeout_ms = 10_000;
/** A device has one; more stand for a moment when it comes back by another way. The oldest is ended first. */
const connectionsOfUnit_max = 4;
const connectionsOfHost_max = 128;
/** Frames of unknown addresses on one connection that are denied one by one. */
const strange_max = 5;
/** Fewer bytes than a type and a count can't be data: an empty frame is the usual heartbeat, some send one byte. */
const heartbeat_bytes_max = 1;

export interface TransmissionServerOptions {
  readonly settings: TransmissionSettings;
  readonly sites: readonly Site[];
  /** Where is written down what is known of the devices; its folder must exist. */
  readonly file: string;
  readonly log: Log<StoredReading>;
  /** Started before and stopped after. */
  readonly ledger: { view(gateway: string): LedgerView };
  readonly registry: Pick<GatewayRegistry, "connected" | "disconnected" | "heard" | "status">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Where user information transmission devices (用户信息传输装置) report by GB/T 26875.3-2011 over TCP: takes over what they say,
 * and acknowledges it once it is in the cloud's log.
 */
export class TransmissionServer {
  readonly #options: TransmissionServerOptions;
  readonly #log: RepeatLog;
  readonly #memories: UnitMemories;
  readonly #configured: readonly ConfiguredUnit[];
  readonly #units = new Map<string, Unit>();
  readonly #byAddress = new Map<string, Unit>();
  readonly #sessions = new Set<Session>();
  readonly #strangers = new Strangers();
  readonly #refused: Record<Refusal, number>;
  readonly #count = { frames: 0, heartbeats: 0, readings: 0, repeated: 0, quarantined: 0, skipped_bytes: 0 };
  #server: SocketServer | undefined;

  constructor(options: TransmissionServerOptions) {
    const { log, clock, logger, sites, file } = options;
    this.#options = options;
    this.#log = new RepeatLog(logger, clock);
    this.#refused = Object.fromEntries(refusals.map((name) => [name, 0])) as Record<Refusal, number>;
    this.#configured = configuredUnits(sites);
    const gateways = new Map(this.#configured.map(({ gateway, parts }) => [gateway, parts.devices]));
    this.#memories = new UnitMemories({ file, gateways, log, clock, logger });
  }

  /** Resolves once devices can connect; throws GengfuError `listen_failed`. */
  async start(): Promise<{ port: number; url: string }> {
    const { settings, logger } = this.#options;
    await this.#memories.start();
    for (const each of this.#configured) this.#add(each);
    this.#server = new SocketServer({
      name: "transmission devices",
      listen: settings,
      connections_max: settings.connections_max,
      handshake_timeout_ms,
      onSocket: (socket) => void this.#serve(socket),
      onDrop: () => this.#refuse("connections", {}, "too many connections of transmission devices; one was dropped"),
      onTlsError: (address, { message: reason }) =>
        this.#refuse("tls", { address, reason }, "a TLS handshake of a transmission device failed"),
    });
    try {
      const { port } = await this.#server.start();
      const { host, tls } = settings;
      logger.info({ host, port, tls: tls !== undefined }, "transmission devices can connect");
      return { port, url: `${tls === undefined ? "tcp" : "tls"}://${reachableHost(host)}:${port}` };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends all connections. What is not acknowledged by then the devices send again. */
  async stop(): Promise<void> {
    const connections = this.#server?.close();
    this.#server = undefined;
    for (const unit of this.#units.values()) unit.postChecks.stop();
    for (const session of this.#sessions) session.end("the cloud stops");
    await connections?.end();
    this.#memories.stop();
  }

  stats(): TransmissionStats {
    const known = [...this.#sessions].filter(({ unit }) => unit !== undefined);
    const open_bytes = [...this.#sessions].reduce((sum, { parser }) => sum + parser.stats().skipped, 0);
    return {
      ...this.#count,
      skipped_bytes: this.#count.skipped_bytes + open_bytes,
      connections: known.length,
      refused: { ...this.#refused },
    };
  }

  /** Addresses that nobody configured, the newest first. */
  strangers(): Stranger[] {
    return this.#strangers.list();
  }

  /** Asks whether the duty desk is manned; undefined for a gateway that is no transmission device. */
  async postCheck(gateway: string, by: string, minutes: number): Promise<PostCheckAnswer | undefined> {
    return this.#units.get(gateway)?.postChecks.begin(by, minutes);
  }

  /** The last check, null where there never was one, undefined for a gateway that is no transmission device. */
  lastPostCheck(gateway: string): PostCheck | null | undefined {
    return this.#units.get(gateway)?.postChecks.current;
  }

  #add(configured: ConfiguredUnit): void {
    const { settings, log, ledger, registry, clock, logger } = this.#options;
    const { gateway } = configured;
    const unit = new Unit({
      ...configured,
      settings,
      memory: this.#memories.of(gateway),
      log: new UnitLog({ gateway, log, ledger, clock }),
      registry,
      clock,
      logger,
    });
    this.#units.set(gateway, unit);
    this.#byAddress.set(unit.address, unit);
    unit.postChecks.start();
  }

  async #serve(socket: Socket): Promise<void> {
    const { clock, logger, settings } = this.#options;
    // whoever awaits the next bytes hears of it
    socket.on("error", () => undefined);
    const fromHost = [...this.#sessions].filter(({ remote }) => remote === socket.remoteAddress).length;
    if (fromHost >= connectionsOfHost_max) {
      socket.destroy();
      return this.#refuse("connections", { remote: socket.remoteAddress }, "too many connections from one address");
    }
    const session = new Session({ socket, idle_timeout_ms: settings.idle_timeout, clock });
    this.#sessions.add(session);
    session.start();
    const cancelSignOn = clock.after(signOn_ms, () => {
      if (session.unit === undefined) session.end("it did not say who it is");
    });
    try {
      for await (const chunk of socket as AsyncIterable<Uint8Array>) {
        for (const parsed of session.parser.push(chunk)) {
          if (session.gone.aborted) break;
          await this.#take(session, parsed);
        }
        if (session.isHopeless) {
          this.#refuse("hopeless", aboutOf(session), "a connection that brings nothing but garbage was ended");
          session.end("it brings nothing but garbage");
        }
      }
    } catch (error) {
      // the line broke, or the log closed; nothing was acknowledged that is not in it
      logger.debug({ ...aboutOf(session), reason: messageOf(error) }, "a connection of a transmission device broke");
    } finally {
      cancelSignOn();
      session.end("closed");
      this.#ended(session);
    }
  }

  #ended(session: Session): void {
    const { logger, registry } = this.#options;
    const { unit, gone } = session;
    this.#sessions.delete(session);
    this.#count.skipped_bytes += session.parser.stats().skipped;
    if (unit === undefined) return;
    unit.disconnected(session.downlink);
    registry.disconnected(unit.gateway);
    logger.info({ ...aboutOf(session), reason: messageOf(gone.reason) }, "a transmission device disconnected");
  }

  async #take(session: Session, parsed: Parsed): Promise<void> {
    if (parsed.kind === "too_long") {
      session.damaged();
      return this.#refuse("too_long", aboutOf(session), "a frame of a transmission device is too long");
    }
    const { frame } = parsed;
    if (parsed.kind === "damaged") {
      session.damaged();
      return this.#deny(session, frame, "damaged", "a frame of a transmission device came damaged");
    }
    this.#count.frames += 1;
    const wait_ms = session.good(frame);
    const unit = session.unit ?? this.#signOn(session, frame);
    if (unit === undefined) return;
    if (frame.source !== unit.address) {
      return this.#deny(session, frame, "other_address", "a transmission device sent another one's address");
    }
    this.#options.registry.heard(unit.gateway);
    await this.#obey(session, unit, frame);
    unit.tend(frame, session.downlink);
    if (wait_ms > 0) await pause(this.#options.clock, wait_ms, session.gone);
  }

  /** Whose connection it is; one whose address nobody configured is denied, and ended when it goes on. */
  #signOn(session: Session, frame: Frame): Unit | undefined {
    const { clock, logger, registry } = this.#options;
    const unit = this.#byAddress.get(frame.source);
    if (unit === undefined) {
      session.strange += 1;
      this.#strangers.note(frame.source, session.remote, clock.now());
      this.#deny(session, frame, "unknown_address", "a transmission device of an unknown address was denied");
      if (session.strange >= strange_max) session.end("nobody knows its address");
      return undefined;
    }
    const own = [...this.#sessions].filter((each) => each.unit === unit);
    if (own.length >= connectionsOfUnit_max) own[0]?.end("it has newer connections");
    session.unit = unit;
    registry.connected(unit.gateway);
    unit.connected(session.downlink);
    logger.info(aboutOf(session), "a transmission device connected");
    return unit;
  }

  async #obey(session: Session, unit: Unit, frame: Frame): Promise<void> {
    switch (frame.command) {
      case command.send:
        if (frame.data.length <= heartbeat_bytes_max) this.#count.heartbeats += 1;
        else await this.#append(session, unit, frame);
        return session.answer(frame, "acknowledge", unit.zone);
      case command.reply:
        if (frame.data.length > heartbeat_bytes_max) await this.#append(session, unit, frame);
        session.downlink.settle(frame);
        return;
      case command.acknowledge:
      case command.deny:
        session.downlink.settle(frame);
        return;
      default:
        this.#deny(
          session,
          frame,
          "unknown_command",
          "a transmission device sent a command that is not for the centre",
        );
    }
  }

  async #append(session: Session, unit: Unit, frame: Frame): Promise<void> {
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(session.gone.reason);
    session.gone.addEventListener("abort", leave);
    try {
      const taken = await Promise.race([unit.take(frame, session.gone), left]);
      if (taken.kind === "repeated") this.#count.repeated += 1;
      else {
        this.#count.readings += taken.readings;
        if (taken.isQuarantined) this.#count.quarantined += 1;
      }
    } finally {
      session.gone.removeEventListener("abort", leave);
    }
  }

  #deny(session: Session, frame: Frame, why: Refusal, what: string): void {
    const { source: address, serial, command: asked } = frame;
    this.#refuse(why, { ...aboutOf(session), address, serial, command: asked }, what);
    session.answer(frame, "deny", session.unit?.zone ?? this.#options.sites[0]?.time_zone ?? "UTC");
  }

  #refuse(why: Refusal, context: object, what: string): void {
    this.#refused[why] += 1;
    const { remote = "" } = context as { remote?: string };
    this.#log.warn(`${why} ${remote}`, context, what);
  }
}

function aboutOf({ unit, remote }: Session): { gateway?: string; remote: string } {
  return unit === undefined ? { remote } : { gateway: unit.gateway, remote };
}
