import type { Lane } from "@gengfu/shared/model/reading";

/** How a lane stands towards the cloud. */
export interface LaneView {
  /** Readings in the log that have not been sent on this connection. */
  readonly unsent: number;
  /** Since when there are any, by monotonic time. */
  readonly since_ms: number;
  /** Batches sent and not acknowledged. */
  readonly inFlight: number;
}

export interface PlanLimits {
  /** Batches under way, by lane. */
  readonly inFlight_max: Readonly<Record<Lane, number>>;
  /** Readings of a batch. */
  readonly batch_max: number;
  /** How long samples wait for others to share a batch with; events never do. */
  readonly linger_ms: number;
}

/** What to do next: send a batch of a lane, or nothing before a time (null: until something happens). */
export type Plan = { readonly send: Lane } | { readonly send: null; readonly until_ms: number | null };

/** Events go first, and at once. Samples gather for a moment, or until they fill a batch. */
export function plan(lanes: Readonly<Record<Lane, LaneView>>, limits: PlanLimits, now_ms: number): Plan {
  const { events, samples } = lanes;
  if (events.unsent > 0 && events.inFlight < limits.inFlight_max.events) return { send: "events" };
  if (samples.unsent === 0 || samples.inFlight >= limits.inFlight_max.samples) return { send: null, until_ms: null };
  const due_ms = samples.since_ms + limits.linger_ms;
  if (samples.unsent >= limits.batch_max || now_ms >= due_ms) return { send: "samples" };
  return { send: null, until_ms: due_ms };
}
