import type { Detail, Reading } from "@gengfu/shared/model/reading";

/** The centre asks whether the duty desk is manned (查岗); a signal there lasts until it is answered, at most 10 minutes. */
export const postCheckMinutes_max = 10;

/** Contacts of the transmission device: closed while a check is open, and after one that nobody answered in time. */
export const postCheckChannels = { open: "post-check", overdue: "post-check-overdue" } as const;

/**
 * asked: it was sent. shown: the device has it. answered: someone pressed the key. overdue: nobody did in time; an
 * answer may still come. undelivered: the device could not be told.
 */
export const postCheckStates = ["asked", "shown", "answered", "overdue", "undelivered"] as const;
export type PostCheckState = (typeof postCheckStates)[number];

export interface PostCheck {
  readonly state: PostCheckState;
  readonly by: string;
  /** Epoch milliseconds. */
  readonly askedAt: number;
  readonly minutes: number;
  /** When the state began, epoch milliseconds. */
  readonly at: number;
  /** Number of the one who answered, as the device knows people; null before. */
  readonly operator: number | null;
}

export function isOpen({ state }: PostCheck): boolean {
  return state === "asked" || state === "shown";
}

export function dueAt({ askedAt, minutes }: PostCheck): number {
  return askedAt + minutes * 60_000;
}

/** What is recorded when a check becomes this: the log is all that remembers it. */
export function postCheckReadings(device: string, check: PostCheck, before: PostCheck | null, now: number): Reading[] {
  const { state, by, askedAt, minutes, at, operator } = check;
  const detail: Detail = { state, by, minutes, asked_at: askedAt, ...(operator === null ? {} : { operator }) };
  const common = { device, kind: "contact", at, receivedAt: now, clock: "synchronised", detail } as const;
  const open: Reading = { ...common, channel: postCheckChannels.open, value: Number(isOpen(check)) };
  const isOverdue = state === "overdue";
  if (!isOverdue && before?.state !== "overdue") return [open];
  return [open, { ...common, channel: postCheckChannels.overdue, value: Number(isOverdue) }];
}

/** The check that a reading tells of, or undefined where it is about something else. */
export function postCheckOf({ kind, channel, at, detail }: Reading): PostCheck | undefined {
  if (kind !== "contact" || channel !== postCheckChannels.open) return undefined;
  const state = postCheckStates.find((each) => each === detail?.["state"]);
  const by = detail?.["by"];
  const minutes = detail?.["minutes"];
  const askedAt = detail?.["asked_at"];
  const operator = detail?.["operator"];
  if (state === undefined || typeof by !== "string") return undefined;
  if (typeof minutes !== "number" || typeof askedAt !== "number") return undefined;
  return { state, by, askedAt, minutes, at, operator: typeof operator === "number" ? operator : null };
}
