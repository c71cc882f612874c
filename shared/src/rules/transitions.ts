/**
 * What a rule thinks of a series. `pending`: the condition holds, but not yet for as long as the rule asks.
 * `raised`: it held long enough, and has not cleared since.
 */
export const phases = ["normal", "pending", "raised"] as const;
export type Phase = (typeof phases)[number];

/**
 * What was seen. `active`: the condition holds. `sustained`: it holds, and has for as long as the rule asks. `inside`:
 * between the limit and the value that clears. `inactive`: it does not hold.
 */
export const observations = ["active", "sustained", "inside", "inactive"] as const;
export type Observation = (typeof observations)[number];

/** `clear` of what was only pending means that it did not last and vanishes. */
export type EffectKind = "pending" | "raise" | "clear";

export interface Transition {
  readonly to: Phase;
  readonly effect: EffectKind | null;
}

const stay = (to: Phase): Transition => ({ to, effect: null });

/** Total: every phase has an answer to everything that can be seen. */
export const transitions: Readonly<Record<Phase, Readonly<Record<Observation, Transition>>>> = {
  normal: {
    active: { to: "pending", effect: "pending" },
    sustained: { to: "raised", effect: "raise" },
    inside: stay("normal"),
    inactive: stay("normal"),
  },
  pending: {
    active: stay("pending"),
    sustained: { to: "raised", effect: "raise" },
    // `for` asks that the limit be passed all the time; between the two values it isn't
    inside: { to: "normal", effect: "clear" },
    inactive: { to: "normal", effect: "clear" },
  },
  raised: {
    active: stay("raised"),
    sustained: stay("raised"),
    inside: stay("raised"),
    inactive: { to: "normal", effect: "clear" },
  },
};
