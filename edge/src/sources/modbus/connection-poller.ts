import { backoff, type BackoffBounds } from "@gengfu/shared/backoff";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { valueMessage } from "../../intake/message.ts";
import type { Troubles } from "../../troubles.ts";
import { FaultStreak, type Fault } from "../fault-streak.ts";
import type { Tell } from "../loop-source.ts";
import { decodeRegister } from "./decode.ts";
import { noConnection, outcomeFault, registerFault } from "./faults.ts";
import type { ModbusLine } from "./modbus-line.ts";
import { planReads, wordsFor, type ReadBlock } from "./read-plan.ts";
import type { ModbusConnection, ModbusRegister, ModbusUnit } from "./schema.ts";

export type OpenLine = (config: ModbusConnection, clock: Clock, signal: AbortSignal) => Promise<ModbusLine>;

export interface ConnectionPollerOptions {
  readonly config: ModbusConnection;
  readonly openLine: OpenLine;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reconnect: BackoffBounds;
}

/** One device on the connection, and when it is next due by monotonic time. */
interface Polled {
  readonly unit: ModbusUnit;
  readonly blocks: readonly ReadBlock[];
  readonly streak: FaultStreak;
  due_ms: number;
}

/** A contact is told when it changes, and so often though it doesn't, so that silence means a fault. */
const repeat_ms = 60_000;
/** A connection that gave no answer so often in a row is opened anew: the other end may have forgotten it. */
const unanswered_max = 3;

/** Polls the devices behind one connection, one request at a time. */
export class ConnectionPoller {
  readonly #options: ConnectionPollerOptions;
  readonly #connection: FaultStreak;
  readonly #units: readonly Polled[];
  /** Contacts, and when they were told. */
  readonly #told = new Map<ModbusRegister, { readonly value: number; readonly at_ms: number }>();
  #line: ModbusLine | null = null;
  /** Requests without an answer, and connections that could not be had or brought none, in a row. */
  #unanswered = 0;
  #failures = 0;

  constructor(options: ConnectionPollerOptions) {
    const { config, troubles, logger } = options;
    const subject = `modbus ${config.name}`;
    this.#options = options;
    this.#connection = new FaultStreak({ subject, troubles, logger });
    this.#units = config.units.map((unit) => ({
      unit,
      blocks: planReads(unit.registers),
      streak: new FaultStreak({ subject: `${subject} unit ${unit.unit}`, troubles, logger }),
      due_ms: 0,
    }));
  }

  async run(tell: Tell, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#told.clear();
    for (const polled of this.#units) polled.due_ms = clock.monotonic();
    try {
      while (!signal.aborted) {
        const next = this.#units.reduce((first, polled) => (polled.due_ms < first.due_ms ? polled : first));
        await pause(clock, Math.max(0, next.due_ms - clock.monotonic()), signal);
        const line = await this.#open(signal);
        if (line === null) continue;
        const fault = await this.#poll(next, line, tell, signal);
        if (signal.aborted) break;
        next.streak.report(fault);
        next.due_ms = Math.max(next.due_ms + next.unit.interval, clock.monotonic());
        if (!line.isOpen || this.#unanswered >= unanswered_max) await this.#close(true);
      }
    } finally {
      await this.#close(false);
    }
  }

  /** The connection, opened if it isn't; null where it can't be had now, after a while. */
  async #open(signal: AbortSignal): Promise<ModbusLine | null> {
    const { config, openLine, clock, reconnect } = this.#options;
    if (this.#line?.isOpen === true) return this.#line;
    // there are devices that end a connection which rests between two polls
    await this.#close(false);
    if (this.#failures > 0) await pause(clock, backoff(this.#failures, 0, reconnect), signal);
    if (signal.aborted) return null;
    try {
      this.#line = await openLine(config, clock, signal);
      this.#connection.report(null);
    } catch (error) {
      if (signal.aborted) return null;
      this.#failures += 1;
      this.#connection.report(noConnection(config, messageOf(error)));
    }
    return this.#line;
  }

  async #close(isFailure: boolean): Promise<void> {
    const line = this.#line;
    this.#line = null;
    this.#unanswered = 0;
    if (isFailure) this.#failures += 1;
    await line?.close();
  }

  /** Reads all of a device; the first fault that it has, or null. */
  async #poll({ unit, blocks }: Polled, line: ModbusLine, tell: Tell, signal: AbortSignal): Promise<Fault | null> {
    const { config, clock } = this.#options;
    let fault: Fault | null = null;
    for (const [index, block] of blocks.entries()) {
      if (index > 0) await pause(clock, config.pause, signal);
      const outcome = await line.read(unit.unit, block, signal);
      if (outcome.kind === "values") {
        for (const register of block.registers) {
          const found = this.#take(register, wordsFor(register, block, outcome.values), tell);
          fault ??= found;
        }
      } else fault ??= outcomeFault(config.name, unit.unit, outcome);
      if (outcome.kind === "values" || outcome.kind === "exception") this.#unanswered = this.#failures = 0;
      else {
        // one that does not answer this would not answer the rest either, each time after the full time limit
        this.#unanswered += 1;
        break;
      }
    }
    await pause(clock, config.pause, signal);
    return fault;
  }

  #take(register: ModbusRegister, words: readonly number[], tell: Tell): Fault | null {
    const { config, clock } = this.#options;
    const outcome = decodeRegister(register, words);
    if (outcome.kind === "fault") return registerFault(config.name, register, outcome);
    const now_ms = clock.monotonic();
    const { device, kind, channel = null } = register;
    if (kind === "contact") {
      const told = this.#told.get(register);
      if (told?.value === outcome.value && now_ms - told.at_ms < repeat_ms) return null;
      this.#told.set(register, { value: outcome.value, at_ms: now_ms });
    }
    tell(device, valueMessage(kind, channel, outcome.value), now_ms);
    return null;
  }
}
