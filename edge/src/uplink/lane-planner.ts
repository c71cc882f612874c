import type { Lane } from "@gengfu/shared/model/reading";
import type { Part } from "./lane-window.ts";

/** How a lane stands towards the cloud. */
export interface LaneView {
  /** Readings of the live part that have not been sent on this connection. */
  readonly unsent: number;
  /** Since when there are any, by monotonic time. */
  readonly since_ms: number;
  /** Whether there is backlog that has not been sent. */
  readonly hasBacklog: boolean;
  /** Batches sent and not acknowledged, of both parts. */
  readonly inFlight: number;
  /** Those of the backlog. */
  readonly backlogInFlight: number;
}

export interface PlanLimits {
  /** Batches under way, by lane. */
  readonly inFlight_max: Readonly<Record<Lane, number>>;
  /** Batches of backlog under way, of both lanes: so many may stand before an event. */
  readonly backlogInFlight_max: number;
  /** Readings of a batch. */
  readonly batch_max: number;
  /** How long samples wait for others to share a batch with; events never do. */
  readonly linger_ms: number;
  /** No backlog is sent before this, by monotonic time. */
  readonly backlogFrom_ms: number;
}

/** What to do next: send a batch, or nothing before a time (null: until something happens). */
export type Plan =
  | { readonly send: Lane; readonly part: Part }
  | { readonly send: null; readonly until_ms: number | null };

/**
 * Events go first, and at once. Samples gather for a moment, or until they fill a batch. The backlog has what is left
 * of the line, its events first.
 */
export function plan(lanes: Readonly<Record<Lane, LaneView>>, limits: PlanLimits, now_ms: number): Plan {
  const { events, samples } = lanes;
  const { inFlight_max, backlogInFlight_max, backlogFrom_ms } = limits;
  const hasRoom = (lane: Lane): boolean => lanes[lane].inFlight < inFlight_max[lane];
  if (events.unsent > 0 && hasRoom("events")) return { send: "events", part: "live" };
  let until_ms: number | null = null;
  if (samples.unsent > 0 && hasRoom("samples")) {
    const due_ms = samples.since_ms + limits.linger_ms;
    if (samples.unsent >= limits.batch_max || now_ms >= due_ms) return { send: "samples", part: "live" };
    until_ms = due_ms;
  }
  const backlog: Lane | null = events.hasBacklog ? "events" : samples.hasBacklog ? "samples" : null;
  if (backlog === null || !hasRoom(backlog)) return { send: null, until_ms };
  if (events.backlogInFlight + samples.backlogInFlight >= backlogInFlight_max) return { send: null, until_ms };
  if (now_ms >= backlogFrom_ms) return { send: backlog, part: "backlog" };
  return { send: null, until_ms: Math.min(until_ms ?? Infinity, backlogFrom_ms) };
}
