import { ManualClock } from "@gengfu/shared/time/clock";
import { describe, expect, it } from "vitest";
import { attempt, judgeAttempt } from "./attempt.ts";
import type { Delivery, Notifier } from "./channel.ts";
import { fireMessage } from "./fixture.ts";

const retry = { first: 1_000, max: 300_000, within: 86_400_000 };
const refused: Delivery = { ok: false, retryable: true, code: "busy", detail: "later" };

describe("what an attempt's outcome means", () => {
  const judge = (delivery: Delivery, attempts = 1, random = 0, age_ms = 0) =>
    judgeAttempt(delivery, { attempts, age_ms, retry, random });

  it("is done when it was taken", () => {
    expect(judge({ ok: true })).toEqual({ state: "sent" });
  });

  it("waits twice as long after each attempt, up to a bound", () => {
    const waits = [1, 2, 3, 9, 10, 2_000].map((attempts) => judge(refused, attempts));
    expect(waits.map((verdict) => verdict.state === "pending" && verdict.delay_ms)).toEqual([
      1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
    ]);
  });

  it("spreads what failed together", () => {
    expect(judge(refused, 3, 0.999)).toMatchObject({ delay_ms: 2_002 });
  });

  it("leaves a channel alone for as long as it asked", () => {
    expect(judge({ ...refused, retry_after_ms: 60_000 })).toMatchObject({ state: "pending", delay_ms: 60_000 });
    expect(judge({ ...refused, retry_after_ms: 60_000 }, 1, 0.5)).toMatchObject({ delay_ms: 67_500 });
  });

  it("fails for good what the channel will never take, or what has grown too old", () => {
    expect(judge({ ...refused, retryable: false })).toEqual({ state: "failed", code: "busy", detail: "later" });
    expect(judge(refused, 1, 0, retry.within)).toMatchObject({ state: "failed" });
  });

  it("keeps a bounded part of what the channel said", () => {
    expect(judge({ ...refused, detail: "x".repeat(10_000) })).toMatchObject({ detail: "x".repeat(500) });
  });
});

describe("one attempt", () => {
  const run = (notifier: Notifier, clock = new ManualClock(), signal = new AbortController().signal) =>
    attempt(notifier, fireMessage(), { clock, timeout_ms: 10_000, signal });

  it("gives what the notifier answered", async () => {
    expect(await run({ send: () => Promise.resolve({ ok: true }) })).toEqual({ ok: true });
  });

  it("takes what a notifier throws for worth another try", async () => {
    const notifier: Notifier = { send: () => Promise.reject(new Error("socket hang up")) };
    expect(await run(notifier)).toEqual({ ok: false, retryable: true, code: "exception", detail: "socket hang up" });
  });

  it("ends at its time limit, though the notifier doesn't, and tells it to give up", async () => {
    const clock = new ManualClock();
    const told: AbortSignal[] = [];
    const sent = run({ send: (_, signal) => (told.push(signal), new Promise(() => undefined)) }, clock);
    await Promise.resolve();
    clock.advance(10_000);
    expect(await sent).toMatchObject({ ok: false, retryable: true, code: "timeout" });
    expect(told[0]?.aborted).toBe(true);
  });

  it("ends when the service stops", async () => {
    const stop = new AbortController();
    const sent = run({ send: () => new Promise(() => undefined) }, new ManualClock(), stop.signal);
    stop.abort();
    expect(await sent).toMatchObject({ code: "stopped" });
  });
});
