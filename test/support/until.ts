import { pause, systemClock } from "@gengfu/shared/time/clock";

/**
 * Asks again and again until the answer is there, and gives it; the one place where a test polls. A probe that throws
 * has no answer yet. At the deadline the error says what was waited for and what was last seen.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  {
    within_ms = 30_000,
    every_ms = 50,
    lastSeen,
  }: { within_ms?: number; every_ms?: number; lastSeen?: () => unknown } = {},
): Promise<T> {
  const deadline = systemClock.monotonic() + within_ms;
  let trouble: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    if (systemClock.monotonic() >= deadline) {
      const seen = lastSeen === undefined ? "" : `; last seen: ${JSON.stringify(lastSeen())}`;
      throw new Error(
        `waited ${within_ms} ms for ${what}${seen}`,
        trouble === undefined ? undefined : { cause: trouble },
      );
    }
    await pause(systemClock, every_ms);
  }
}
