import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { ManualClock } from "./time/clock.ts";
import { Wakeup } from "./wakeup.ts";

/** Whether it has resolved once everything that was due has run. */
async function isOver(waiting: Promise<void>): Promise<boolean> {
  let over = false;
  void waiting.then(() => (over = true));
  await setImmediate();
  return over;
}

it("waits for the next wake-up, and takes one that came before as that", async () => {
  const clock = new ManualClock();
  const wakeup = new Wakeup();
  const waiting = wakeup.wait(clock, null);
  expect(await isOver(waiting)).toBe(false);
  wakeup.wake();
  expect(await isOver(waiting)).toBe(true);
  expect(await isOver(wakeup.wait(clock, null))).toBe(false);
  wakeup.wake();
  wakeup.wake();
  expect(await isOver(wakeup.wait(clock, null))).toBe(true);
  expect(await isOver(wakeup.wait(clock, null))).toBe(false);
});

it("waits no longer than it is told", async () => {
  const clock = new ManualClock();
  const wakeup = new Wakeup();
  const waiting = wakeup.wait(clock, 1_000);
  clock.advance(999);
  expect(await isOver(waiting)).toBe(false);
  clock.advance(1);
  expect(await isOver(waiting)).toBe(true);
  // the time that is over wakes no later wait
  const cutShort = wakeup.wait(clock, 1_000);
  wakeup.wake();
  await cutShort;
  const next = wakeup.wait(clock, 5_000);
  clock.advance(4_999);
  expect(await isOver(next)).toBe(false);
});

it("ends with the signal, and leaves nothing on it", async () => {
  const clock = new ManualClock();
  const wakeup = new Wakeup();
  const stop = new AbortController();
  for (let round = 0; round < 3; round++) {
    const waiting = wakeup.wait(clock, null, stop.signal);
    wakeup.wake();
    await waiting;
  }
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  const waiting = wakeup.wait(clock, null, stop.signal);
  stop.abort();
  expect(await isOver(waiting)).toBe(true);
  expect(await isOver(wakeup.wait(clock, null, stop.signal))).toBe(true);
});
