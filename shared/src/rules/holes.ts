import type { StoredReading } from "../model/reading.ts";
import type { Verdict } from "./condition.ts";
import type { Effect } from "./effect.ts";
import { effectOf, type Held } from "./held.ts";
import { transitions, type Observation, type Phase } from "./transitions.ts";

/**
 * A pause of a series that its backlog may fill later: what is new goes first, so that the present is judged without it.
 * What went on in it is judged beside the present, and told when it is known to be over.
 */
export interface Hole {
  readonly epoch: number;
  /** The newest reading of it that was reckoned with, at first the one before it. */
  readonly at: number;
  readonly seq: number;
  /** The reading behind it. */
  readonly until: { readonly at: number; readonly seq: number };
  readonly phase: Phase;
  /** What holds and people do not know of; null also where it is what they knew before. */
  readonly held: Held | null;
  /** When no more is expected, epoch milliseconds. */
  readonly due: number | null;
}

export interface HolesStep {
  readonly holes: readonly Hole[];
  readonly effects: readonly Effect[];
}

/** Holes kept for each series; older ones are forgotten. */
export const holes_max = 4;
/** A shorter pause hides nothing that is worth to be told of afterwards. */
export const hole_ms_min = 60_000;
/** So long after its last reading a hole is thought to be filled. */
const quiet_ms = 60_000;

interface Moment {
  readonly at: number | null;
  readonly epoch: number;
  readonly seq: number;
}

/** The holes as they are once a newer reading has come. */
export function holesWith(
  holes: readonly Hole[],
  before: Moment & { readonly phase: Phase },
  reading: StoredReading,
): readonly Hole[] {
  const { at, epoch, seq, phase } = before;
  const isHole = at !== null && epoch === reading.epoch && reading.seq > seq + 1 && reading.at - at >= hole_ms_min;
  if (!isHole) return holes;
  const until = { at: reading.at, seq: reading.seq };
  // one that was raised before is known, and cleared by the reading behind the hole at the latest
  const hole: Hole = { epoch, at, seq, until, phase: phase === "raised" ? phase : "normal", held: null, due: null };
  return [...holes.slice(-(holes_max - 1)), hole];
}

/** A late reading; undefined where it is in no hole, or was reckoned with. */
export function fillHole(
  holes: readonly Hole[],
  reading: StoredReading,
  seen: Verdict,
  { for_ms, now, hold }: { readonly for_ms: number; readonly now: number; readonly hold: () => Held },
): HolesStep | undefined {
  const index = holes.findIndex(
    ({ epoch, at, seq, until }) =>
      epoch === reading.epoch &&
      reading.seq > seq &&
      reading.seq < until.seq &&
      reading.at >= at &&
      reading.at < until.at,
  );
  const hole = holes[index];
  if (hole === undefined) return undefined;
  const since = hole.held?.since ?? reading.at;
  const observation: Observation = seen === "active" && reading.at - since >= for_ms ? "sustained" : seen;
  const { to } = transitions[hole.phase][observation];
  const held = to === "normal" ? null : (hole.held ?? (hole.phase === "normal" ? hold() : null));
  const isOver = hole.phase === "raised" && to === "normal";
  const next: Hole = {
    ...hole,
    at: reading.at,
    seq: reading.seq,
    phase: to,
    held,
    due: to === "raised" && held !== null ? now + quiet_ms : null,
  };
  return { holes: holes.with(index, next), effects: isOver ? episode(hole, reading.at) : [] };
}

/** Time has passed: what still holds in a hole that is filled was over by the reading behind it. */
export function closeHoles(holes: readonly Hole[], now: number): HolesStep | undefined {
  const isDue = ({ due }: Hole): boolean => due !== null && now >= due;
  if (!holes.some(isDue)) return undefined;
  return {
    holes: holes.filter((hole) => !isDue(hole)),
    effects: holes.filter(isDue).flatMap((hole) => episode(hole, hole.until.at)),
  };
}

function episode({ held }: Hole, until: number): Effect[] {
  if (held === null) return [];
  return [effectOf("raise", held, held.raisedAt, held.value), effectOf("clear", held, until, null)];
}
