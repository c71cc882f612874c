import type { Interval } from "@gengfu/shared/intervals";
import type { ClockQuality, Lane } from "@gengfu/shared/model/reading";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { Missing } from "../ledger/ledger-view.ts";

/** A gateway as `GET /gateways` and the live stream show it. */
export interface GatewayView {
  readonly id: string;
  readonly connected: boolean;
  /** When anything first came from it, likewise; 0 where that is not known any more. */
  readonly firstSeenAt: number | null;
  /** When anything last came from it, by the cloud's clock, epoch milliseconds; null if never. */
  readonly lastSeenAt: number | null;
  /** Readings that still wait at the gateway, as it last said; null before its first status. */
  readonly backlog: number | null;
  readonly queued: Readonly<Record<Lane, number>> | null;
  /** Seqs of the current epoch that the cloud has. */
  readonly received: readonly Interval[];
  /** Seqs of the current epoch that it lacks. */
  readonly missing: readonly Interval[];
  /** The same with the reasons. */
  readonly missingBecause: readonly Missing[];
  /** Seqs of the current epoch under which nothing will come: the gateway died before it used them. */
  readonly unused: readonly Interval[];
  readonly clock: ClockQuality | null;
  readonly epoch: number | null;
  readonly troubles: readonly string[];
  readonly version: string | null;
  /** The last status as it came; null before the first. */
  readonly status: GatewayStatus | null;
}

export interface GatewayRegistry {
  /** Opens its file and reads back what was known. */
  start(): Promise<void>;
  stop(): Promise<void>;

  /** A connection of the gateway came up or ended. A gateway counts as connected while it has one. */
  connected(gateway: string): void;
  disconnected(gateway: string): void;
  /** Something came from the gateway. */
  heard(gateway: string): void;
  status(gateway: string, status: GatewayStatus): void;

  /** All gateways of the site, in its order. */
  list(): GatewayView[];
  get(gateway: string): GatewayView | undefined;

  /** Calls back when a gateway connects, disconnects or sends a status. The result ends it. */
  onChange(listener: (gateway: GatewayView) => void): () => void;
}
