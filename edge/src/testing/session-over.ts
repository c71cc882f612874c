import type { Log } from "@gengfu/shared/log/log";
import type { Lane, Reading } from "@gengfu/shared/model/reading";
import type { ManualClock } from "@gengfu/shared/time/clock";
import { uplinkConsumer, UplinkSession, type SessionLimits } from "../uplink/uplink-session.ts";
import { quietStatus, quietTime, type FakeLink } from "./fake-link.ts";
import { readingWith } from "./reading-with.ts";

/** Small ones, so that few readings reach them. */
export const sessionLimits: SessionLimits = {
  inFlight_max: { events: 2, samples: 2 },
  backlogInFlight_max: 1,
  behind_readings: 20,
  backlog_rate: 0,
  pace: {
    readings: { min: 5, first: 5, max: 5 },
    flights: { min: 1, first: 2, max: 2 },
    delay_max_ms: 60_000,
  },
  linger_ms: 100,
};

/** A session of gateway `gate` over a log. */
export function sessionOver(
  { log, clock }: { readonly log: Log<Reading>; readonly clock: ManualClock },
  link: FakeLink,
  changed: Partial<SessionLimits> = {},
  time = quietTime,
): UplinkSession {
  return new UplinkSession(link, {
    log,
    gateway: "gate",
    limits: { ...sessionLimits, ...changed },
    acknowledge_timeout_ms: 30_000,
    heartbeat_ms: 10_000,
    status: () => ({ ...quietStatus, backlog: log.backlog(uplinkConsumer) }),
    time,
    clock,
  });
}

export async function appendTo(log: Log<Reading>, lane: Lane, count: number): Promise<void> {
  const reading = readingWith({ kind: lane === "events" ? "contact" : "level" });
  await log.append(
    lane,
    Array.from({ length: count }, () => reading),
  );
}

/** Lets everything happen that waits for nothing but its turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The seqs of each batch that was sent. */
export const seqsOf = (link: FakeLink): number[][] => link.sent.map(({ readings }) => readings.map(({ seq }) => seq));

/** Of events and of samples. */
export const cursorsOf = (log: Log<Reading>): number[] => [
  log.cursor(uplinkConsumer, "events"),
  log.cursor(uplinkConsumer, "samples"),
];
