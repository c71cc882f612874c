import type { Logger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import type { GatewayRegistry } from "../gateways/registry.ts";
import type { ConfiguredUnit } from "./configured-units.ts";
import { convert, unitPart, type Converted } from "./convert.ts";
import type { DataUnit } from "./data-unit.ts";
import { readSystemState, readUnit, setClock } from "./down-unit.ts";
import type { Downlink } from "./downlink.ts";
import type { Frame } from "./frame.ts";
import { frameKey } from "./frame-key.ts";
import { operationBit } from "./meanings.ts";
import { Moments } from "./moments.ts";
import type { PartMap } from "./part-map.ts";
import { isOpen } from "./post-check.ts";
import { PostChecks } from "./post-checks.ts";
import type { TransmissionSettings } from "./settings.ts";
import { timeTag } from "./time-tag.ts";
import type { UnitLog } from "./unit-log.ts";
import type { UnitMemory } from "./unit-memory.ts";

/** Between two settings of a clock that will not keep right. */
const setClock_ms = 10 * 60_000;
const status_ms = 60_000;
/**
 * A device whose clock begins anew at each start, as its serials do, says the same again after the next start: of such a
 * one only what comes so soon again is a repeat. It resends for 40 s.
 */
const undatedRepeat_ms = 2 * 60_000;
/** Systems that are asked for their state when it connects. */
const asked_max = 32;
const never = new AbortController().signal;

export interface UnitOptions extends ConfiguredUnit {
  readonly settings: Pick<TransmissionSettings, "clock_deviation_max" | "set_clock_on_connect" | "ask_on_connect">;
  readonly memory: UnitMemory;
  readonly log: UnitLog;
  readonly registry: Pick<GatewayRegistry, "status">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Taken =
  | { readonly kind: "taken"; readonly readings: number; readonly isQuarantined: boolean }
  | { readonly kind: "repeated" };

/** One transmission device, over all its connections: takes over what it reports and keeps its clock right. */
export class Unit {
  readonly gateway: string;
  readonly address: string;
  readonly postChecks: PostChecks;
  readonly #options: UnitOptions;
  readonly #parts: PartMap;
  readonly #downlinks: Downlink[] = [];
  /** Those of connections that nothing was asked on yet. */
  readonly #fresh = new Set<Downlink>();
  #deviation_ms: number | undefined;
  #clockFailed = false;
  #clockSetAt = -Infinity;
  #presenceAt = -Infinity;
  #statusAt = -Infinity;
  #told = "";
  #firmware = "";

  constructor(options: UnitOptions) {
    const { gateway, device, parts, memory, clock, logger } = options;
    this.gateway = gateway;
    this.address = device.address;
    this.#options = options;
    this.#parts = parts;
    this.postChecks = new PostChecks({
      device: this.#parts.unit,
      memory,
      append: (work) => this.#record(work),
      downlink: () => this.#downlinks.at(-1),
      clock,
      logger: logger.child({ gateway }),
    });
  }

  get zone(): string {
    return this.#options.zone;
  }

  /** A connection has shown that it is this one's. */
  connected(downlink: Downlink): void {
    this.#downlinks.push(downlink);
    this.#fresh.add(downlink);
  }

  disconnected(downlink: Downlink): void {
    const index = this.#downlinks.indexOf(downlink);
    if (index !== -1) this.#downlinks.splice(index, 1);
    this.#fresh.delete(downlink);
  }

  /** Sees to it after a good frame of its own: behind the answer to that, since it waits for one. */
  tend(frame: Frame, downlink: Downlink): void {
    const { clock, settings, presence_ms } = this.#options;
    const now = clock.monotonic();
    const isFresh = this.#fresh.delete(downlink);
    const { deviation_ms, isClockRight } = this.#momentsOf(frame);
    this.#deviation_ms = deviation_ms;
    if (isClockRight && deviation_ms !== undefined) this.#clockFailed = false;
    const isWrong = !isClockRight && now - this.#clockSetAt >= setClock_ms;
    if (isWrong || (isFresh && settings.set_clock_on_connect)) void this.#setClock(downlink);
    if (isFresh && settings.ask_on_connect) this.#ask(downlink);
    if (isFresh) this.postChecks.connected();
    if (now - this.#presenceAt >= presence_ms) void this.#present();
    this.#tell();
  }

  /** Resolves once all that the frame says is in the log; only then may it be acknowledged. */
  async take(frame: Frame, gone: AbortSignal): Promise<Taken> {
    const { memory, log, zone, clock } = this.#options;
    const said: Converted[] = [];
    await log.append(gone, () => {
      const moments = this.#momentsOf(frame);
      const isDated = moments.isClockRight && moments.deviation_ms !== undefined;
      if (memory.has(frameKey(frame), isDated ? 0 : clock.now() - undatedRepeat_ms)) return [];
      const converted = convert(frame, { parts: this.#parts, memory, moments, zone });
      said.push(converted);
      return converted.readings;
    });
    const [converted] = said;
    if (converted === undefined) return { kind: "repeated" };
    if (converted.unit !== undefined) this.#notice(converted.unit);
    return { kind: "taken", readings: converted.readings.length, isQuarantined: converted.unit === undefined };
  }

  /** Everything that someone should look at, each in both languages. */
  get troubles(): string[] {
    const found = this.postChecks.trouble === null ? [] : [this.postChecks.trouble];
    const ahead_s = Math.round((this.#deviation_ms ?? 0) / 1_000);
    if (Math.abs(ahead_s) * 1_000 > this.#options.settings.clock_deviation_max) {
      const failed = this.#clockFailed ? ["，校时未成功", " and could not be set"] : ["", ""];
      const wrong = ahead_s > 0 ? [`快 ${ahead_s}`, `${ahead_s} s ahead`] : [`慢 ${-ahead_s}`, `${-ahead_s} s behind`];
      found.push(
        `传输装置 ${this.gateway} 的时钟${wrong[0]} 秒${failed[0]}，其读数按收到的时间记录。` +
          `The clock of transmission device ${this.gateway} is ${wrong[1]}${failed[1]}; its readings get the time of arrival.`,
      );
    }
    return found;
  }

  #momentsOf({ sent }: Frame): Moments {
    const { zone, clock, settings } = this.#options;
    return new Moments({ receivedAt: clock.now(), zone, sent, deviation_max_ms: settings.clock_deviation_max });
  }

  #notice(unit: DataUnit): void {
    if (unit.kind === "unit_version") this.#firmware = unit.objects.at(-1)?.version ?? "";
    if (unit.kind !== "unit_operation" && unit.kind !== "system_operation") return;
    // bit 5 at the panel is "confirm": with a check open, that is what it answers
    const answer = unit.objects.find(({ operation }) => (operation & operationBit.answer) !== 0);
    if (answer === undefined) return;
    const check = this.postChecks.current;
    if (unit.kind === "unit_operation" || (check !== null && isOpen(check))) this.postChecks.answered(answer.operator);
  }

  /** The devices of the site behind it count as heard while it is, unless it has lost the panel. */
  async #present(): Promise<void> {
    const { memory, log, clock, logger } = this.#options;
    if (log.waiting > 0) return;
    this.#presenceAt = clock.monotonic();
    const isCutOff = memory.contacts.has(this.#parts.unit, "line", unitPart);
    const devices = isCutOff ? [this.#parts.unit] : [...this.#parts.devices];
    const now = clock.now();
    const common = { kind: "state", channel: null, at: now, receivedAt: now, clock: "synchronised" } as const;
    try {
      await this.#record(() => devices.map((device) => ({ ...common, device, value: 1, detail: null })));
    } catch (error) {
      logger.debug({ err: error, gateway: this.gateway }, "the log ended before it took what a device showed");
    }
  }

  /** What the centre itself has to say of it. */
  #record(work: () => readonly Reading[]): Promise<void> {
    return this.#options.log.append(never, work);
  }

  async #setClock(downlink: Downlink): Promise<void> {
    const { clock, logger, zone } = this.#options;
    this.#clockSetAt = clock.monotonic();
    const outcome = await downlink.control(setClock(timeTag(clock.now(), zone)));
    this.#clockFailed = outcome === "denied" || outcome === "unanswered";
    const context = { gateway: this.gateway, ahead_ms: this.#deviation_ms, outcome };
    if (this.#clockFailed) logger.warn(context, "the clock of a transmission device could not be set");
    else if (outcome === "acknowledged") logger.info(context, "the clock of a transmission device was set");
  }

  #ask(downlink: Downlink): void {
    const { parts } = this.#options.device;
    const systems = new Map(parts.map(({ system, address = 0 }) => [`${system} ${address}`, { system, address }]));
    void downlink.request(readUnit("version"));
    void downlink.request(readUnit("state"));
    for (const each of [...systems.values()].slice(0, asked_max)) void downlink.request(readSystemState(each));
  }

  /** Its status, as gateways of ours tell theirs: only when it was heard, since that is what a status means. */
  #tell(): void {
    const { registry, clock, log } = this.#options;
    const { troubles } = this;
    const { position } = log;
    const now = clock.monotonic();
    const said = JSON.stringify([troubles, this.#firmware]);
    if (said === this.#told && now - this.#statusAt < status_ms) return;
    this.#told = said;
    this.#statusAt = now;
    const isClockRight = Math.abs(this.#deviation_ms ?? 0) <= this.#options.settings.clock_deviation_max;
    registry.status(this.gateway, {
      gateway: this.gateway,
      epoch: position.epoch,
      at: clock.now() + (this.#deviation_ms ?? 0),
      clock: isClockRight ? "device" : "unsynchronised",
      last: position.last,
      // what it still holds it does not say
      backlog: { events: 0, samples: 0 },
      dropped: 0,
      quarantined: 0,
      uptime_s: 0,
      rss_bytes: 0,
      version: this.#firmware,
      troubles,
    });
  }
}
