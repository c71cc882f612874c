import type { Person } from "@gengfu/shared/model/site";

/**
 * What the guard is told. `accepted`: stored, and someone of the site. `unknown_card`: stored, but the site file knows
 * no such card. `not_stored`: not on the disk, and perhaps never: tap again.
 */
export const tapResults = ["accepted", "unknown_card", "not_stored"] as const;
export type TapResult = (typeof tapResults)[number];

export interface TapAnswer {
  readonly result: TapResult;
  /** UID in upper case hex; of the place's tag where the reader is carried. */
  readonly card: string;
  readonly isTag: boolean;
  readonly guard: Person | undefined;
  /** Set where the tap was known already. */
  readonly repeat: boolean;
}

/** The answer as a reader on MQTT gets it, on its topic `feedback`. */
export function answerPayload({ result, card, isTag, guard, repeat }: TapAnswer): Buffer {
  const who = guard === undefined ? {} : { guard: guard.id, guard_name: guard.name.zh };
  const fields = { result, ...(isTag ? { tag: card } : { card }), ...who, ...(repeat ? { repeat } : {}) };
  return Buffer.from(JSON.stringify(fields), "utf8");
}
