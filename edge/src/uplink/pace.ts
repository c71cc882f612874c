/** How much goes at a time. */
export interface Pace {
  /** Readings of a batch at most. */
  readonly readings: number;
  /** Batches under way at most. */
  readonly flights: number;
  /** What an acknowledgement takes when the line is free: the least seen; Infinity before the first. */
  readonly least_ms: number;
  /** Batches sent before this say nothing new of a line that was found to be slow. */
  readonly cut_ms: number;
}

export interface PaceBounds {
  readonly readings: { readonly min: number; readonly first: number; readonly max: number };
  readonly flights: { readonly min: number; readonly first: number; readonly max: number };
  /** How much longer than on a free line an acknowledgement may take. */
  readonly delay_max_ms: number;
}

/** An acknowledgement, by monotonic time. */
export interface Acknowledged {
  /** Whether the batch was as large as the pace allowed. */
  readonly isFull: boolean;
  readonly sent_ms: number;
  readonly now_ms: number;
}

/** A batch grows by this part of itself, so that it never oversteps by much what the line takes in time. */
const growth = 0.25;

export function firstPace({ readings, flights }: PaceBounds): Pace {
  return { readings: readings.first, flights: flights.first, least_ms: Infinity, cut_ms: -Infinity };
}

/**
 * The pace after an acknowledgement: a little more while they come soon, half as much at once when they take long,
 * as TCP does by losses (RFC 5681), so that nothing waits for long behind a batch on a slow line.
 */
export function nextPace(pace: Pace, { isFull, sent_ms, now_ms }: Acknowledged, bounds: PaceBounds): Pace {
  const delay_ms = now_ms - sent_ms;
  const { min, max } = bounds.readings;
  const isLeast = pace.readings <= min && pace.flights <= bounds.flights.min;
  // where nothing of ours is queued, what is measured is the line itself, which may have become a longer one
  const least_ms = isLeast && sent_ms >= pace.cut_ms ? delay_ms : Math.min(pace.least_ms, delay_ms);
  if (delay_ms - least_ms > bounds.delay_max_ms) {
    if (sent_ms < pace.cut_ms) return { ...pace, least_ms };
    const flights = Math.max(bounds.flights.min, pace.flights - 1);
    return { readings: Math.max(min, Math.floor(pace.readings / 2)), flights, least_ms, cut_ms: now_ms };
  }
  // a batch that was not full does not tell whether a fuller one would have gone through as well
  if (!isFull) return { ...pace, least_ms };
  return {
    ...pace,
    readings: Math.min(max, Math.ceil(pace.readings * (1 + growth))),
    flights: Math.min(bounds.flights.max, pace.flights + 1),
    least_ms,
  };
}
