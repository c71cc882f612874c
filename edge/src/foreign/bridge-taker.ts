import type { Logger } from "@gengfu/shared/logging";
import type { SiteDevice } from "@gengfu/shared/model/site";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Deliver, Message, Origin } from "../intake/message.ts";
import { quarantineMessage, type Broken, type Quarantine } from "../intake/quarantine.ts";
import type { Troubles } from "../troubles.ts";
import { ForeignMapper } from "./foreign-mapper.ts";
import { presets } from "./presets/presets.ts";
import { withBase } from "./presets/preset.ts";
import type { BridgeConfig } from "./schema.ts";
import { isWithin } from "./topic-pattern.ts";
import type { Unclaimed } from "./unclaimed.ts";

export interface BridgeParts {
  readonly devices: readonly SiteDevice[];
  readonly quarantine: Quarantine;
  readonly unclaimed: Unclaimed;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A publish of a bridge, by whichever way it came. */
export interface BridgePublish {
  readonly topic: string;
  readonly payload: Buffer;
  /** Set where a broker kept it and hands it over late. */
  readonly isOld: boolean;
}

export type OriginOf = (device: string, message: Message) => Origin;

/**
 * Our own devices' topics are nobody else's, whatever the configuration says; nor is a filter that takes them in by a
 * wildcard at its begin.
 */
const ours = /^(?:gengfu|\$[^/]*|[+#])(?:\/|$)/;

/** Takes over what one bridge publishes: readings, broken payloads, and what nobody claims. */
export class BridgeTaker {
  readonly config: BridgeConfig;
  /** What it may use, or what is asked of its broker. */
  readonly topics: readonly string[];
  readonly #parts: BridgeParts;
  readonly #mapper: ForeignMapper;
  readonly #log: RepeatLog;
  #old = 0;

  constructor(config: BridgeConfig, parts: BridgeParts) {
    this.config = config;
    this.#parts = parts;
    this.#mapper = new ForeignMapper(config, parts.devices);
    this.#log = new RepeatLog(parts.logger, parts.clock);
    const { preset, base, broker, topics } = config;
    const usual = preset === undefined ? [] : withBase(presets[preset], base).topics;
    this.topics = topics ?? (broker !== undefined || preset === undefined ? this.#mapper.filters : usual);
  }

  /** Values that a broker had kept, and that became no reading. */
  get old(): number {
    return this.#old;
  }

  owns(filter: string): boolean {
    return !ours.test(filter) && this.topics.some((topic) => isWithin(filter, topic));
  }

  /** Resolves once all that the publish tells is durable; null where it tells nothing. */
  take(publish: BridgePublish, deliver: Deliver, originOf: OriginOf): Promise<void> | null {
    const { topic, payload, isOld } = publish;
    const { id, retained } = this.config;
    const { readings, broken, bridgeOnline, unclaimed } = this.#mapper.map(topic, payload);
    if (bridgeOnline !== undefined) this.#tellOfBridge(bridgeOnline);
    if (unclaimed !== undefined) this.#parts.unclaimed.publish({ via: id, topic, payload, ...unclaimed });
    // that a device is there is as true now as it was then
    const current =
      isOld && retained === "ignore" ? readings.filter(({ message }) => message.kind === "state") : readings;
    this.#old += readings.length - current.length;
    const durable = current.map(({ device, message }) => deliver(device, message, originOf(device, message)));
    if (!isOld) {
      for (const { device, why } of broken) {
        const kept = this.#setAside(device, publish, why, deliver, originOf);
        if (kept !== null) durable.push(kept);
      }
    }
    const [only] = durable;
    if (only === undefined) return null;
    return durable.length === 1 ? only : allOf(durable);
  }

  /** The bridge itself is known to be there, or not any more. */
  stop(): void {
    this.#parts.troubles.set(this.#subject, null);
  }

  #setAside(
    device: string,
    { topic, payload }: BridgePublish,
    broken: Broken,
    deliver: Deliver,
    originOf: OriginOf,
  ): Promise<void> | null {
    const room = this.#parts.quarantine.enter(device);
    if (room === "keep") {
      const message = quarantineMessage(topic, payload, broken);
      return deliver(device, message, originOf(device, message));
    }
    if (room === "first_over") {
      const what = "a foreign device breaks the contract too often; for now its payloads are counted only";
      this.#log.warn(`quarantine ${device}`, { bridge: this.config.id, device }, what);
    }
    return null;
  }

  get #subject(): string {
    return `foreign ${this.config.id}`;
  }

  #tellOfBridge(isOnline: boolean): void {
    const { id } = this.config;
    this.#parts.troubles.set(
      this.#subject,
      isOnline
        ? null
        : {
            zh: `网桥 ${id} 报告自己已停止,其下设备的数据不会更新。请检查该网桥。`,
            en: `The bridge ${id} says that it has stopped; nothing comes from its devices. See to the bridge.`,
          },
    );
  }
}

async function allOf(durable: readonly Promise<void>[]): Promise<void> {
  await Promise.all(durable);
}
