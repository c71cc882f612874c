/** So many messages to one target in so long, as a vendor takes them. */
export interface BudgetWindow {
  readonly messages: number;
  readonly window_ms: number;
  /** Counts only messages of the same text. */
  readonly equal?: boolean;
}

/** What a target may still be sent. */
export interface Allowance {
  /** Messages, at once, if they are critical. */
  readonly critical: number;
  /** Messages, at once, if they are not: without the part that is reserved. */
  readonly low: number;
  /** When there is room for another critical one, epoch milliseconds; now, where there is. */
  readonly criticalAt: number;
  readonly lowAt: number;
}

/**
 * What is left of some windows after `uses`, the epoch milliseconds of earlier messages of each window, oldest first.
 * `reserve` is the share, 0 to 1, that is kept for critical messages. A use counts from when it was written down before the
 * message went out, so that a kill in between spends too much rather than too little.
 */
export function allowanceOf(
  windows: readonly { readonly window: BudgetWindow; readonly uses: readonly number[] }[],
  reserve: number,
  now: number,
): Allowance {
  let all: Allowance = { critical: Infinity, low: Infinity, criticalAt: now, lowAt: now };
  for (const { window, uses } of windows) {
    const { messages, window_ms } = window;
    const live = uses.filter((at) => at > now - window_ms);
    const forLow = messages - reservedOf(window, reserve);
    const freeAt = (limit: number): number =>
      live.length < limit ? now : (live[live.length - limit] ?? now) + window_ms;
    all = {
      critical: Math.min(all.critical, Math.max(0, messages - live.length)),
      low: Math.min(all.low, Math.max(0, forLow - live.length)),
      criticalAt: Math.max(all.criticalAt, freeAt(messages)),
      lowAt: Math.max(all.lowAt, freeAt(forLow)),
    };
  }
  return all;
}

/** A window always leaves one message to those that are not critical. */
function reservedOf({ messages, equal }: BudgetWindow, reserve: number): number {
  return equal === true ? 0 : Math.min(messages - 1, Math.ceil(messages * reserve));
}

/** What waits for one target and is due. */
export interface Queue {
  readonly critical: number;
  /** Others that go alone. */
  readonly singles: number;
  /** Sites of which so many came that they go together. */
  readonly stormySites: number;
  /** Whether a group was on its way when the process ended, and whether it has critical ones in it. */
  readonly group: "critical" | "low" | null;
}

export type Plan =
  /** The oldest critical one, alone. */
  | { readonly kind: "critical" }
  /** All critical ones in one message: there is room for no more than that. */
  | { readonly kind: "criticals" }
  /** The group that was on its way, as it was. */
  | { readonly kind: "group" }
  | { readonly kind: "single" }
  /** What came of a site in a storm, in one message. */
  | { readonly kind: "site" }
  /** All that is not critical in one message: the budget is short. */
  | { readonly kind: "digest" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "idle" };

/** What a target is sent next: fires first and alone, for as long as there is room for more than one message. */
export function planNext({ critical, singles, stormySites, group }: Queue, allowance: Allowance): Plan {
  if (critical > 0 || group === "critical") {
    if (allowance.critical === 0) return { kind: "wait", until: allowance.criticalAt };
    if (critical === 0) return { kind: "group" };
    return { kind: allowance.critical === 1 && critical > 1 ? "criticals" : "critical" };
  }
  const messages = singles + stormySites;
  if (group === null && messages === 0) return { kind: "idle" };
  if (allowance.low === 0) return { kind: "wait", until: allowance.lowAt };
  if (group !== null) return { kind: "group" };
  if (messages > allowance.low) return { kind: "digest" };
  return { kind: singles > 0 ? "single" : "site" };
}
