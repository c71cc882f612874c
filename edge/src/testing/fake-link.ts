import { decodeBatch } from "@gengfu/shared/codec/batch";
import type { LogRun } from "@gengfu/shared/log/log";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { gatewayStatus, parseUplinkTopic, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { CloudLink } from "../uplink/cloud-link.ts";
import type { UplinkSessionOptions } from "../uplink/uplink-session.ts";

/** The state of a gateway that is well. */
export const quietStatus: GatewayStatus = {
  gateway: "gate",
  epoch: 1,
  at: 0,
  clock: "synchronised",
  last: 0,
  backlog: { events: 0, samples: 0 },
  dropped: 0,
  quarantined: 0,
  uptime_s: 0,
  rss_bytes: 0,
  version: "0",
  troubles: [],
};

/** A gateway's time of which nothing is learned. */
export const quietTime: UplinkSessionOptions["time"] = {
  correct: (reading) => reading,
  ask: () => 0,
  cloudTime: () => undefined,
};

export interface SentBatch {
  readonly lane: string;
  readonly backlog: boolean;
  readonly run: LogRun | undefined;
  readonly readings: StoredReading[];
  acknowledge(): void;
}

/** A link whose cloud is the test. */
export class FakeLink implements CloudLink {
  readonly sent: SentBatch[] = [];
  readonly told: GatewayStatus[] = [];
  readonly #granted = Promise.withResolvers<void>();
  readonly #listeners: ((payload: Uint8Array) => void)[] = [];
  readonly #lost = Promise.withResolvers<string>();
  isClosed = false;

  readonly lost = this.#lost.promise;

  publish(topic: string, payload: Uint8Array, acknowledged: () => void): void {
    const lane = parseUplinkTopic(topic)?.channel ?? "none";
    const { backlog, run, readings } = decodeBatch(payload);
    this.sent.push({ lane, backlog, run, readings, acknowledge: acknowledged });
  }

  tell(_topic: string, payload: string): void {
    this.told.push(gatewayStatus.parse(JSON.parse(payload)));
  }

  listen(_topic: string, take: (payload: Uint8Array) => void): Promise<void> {
    this.#listeners.push(take);
    return this.#granted.promise;
  }

  grant(): void {
    this.#granted.resolve();
  }

  say(text: string): void {
    for (const take of this.#listeners) take(new TextEncoder().encode(text));
  }

  lose(reason: string): void {
    this.#lost.resolve(reason);
  }

  close(): void {
    this.isClosed = true;
    this.lose("closed");
  }
}
