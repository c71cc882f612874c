import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { expect, it } from "vitest";
import { valueMessage, type Deliver } from "../intake/message.ts";
import { DeliveryQueue } from "./delivery-queue.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function queueTo(deliver: Deliver, clock: ManualClock, messages_max = 100): DeliveryQueue {
  return new DeliveryQueue({ deliver, clock, logger: silentLogger, messages_max });
}

it("keeps the order, tries again what is refused, and tells how old it has become", async () => {
  const clock = new ManualClock();
  const taken: [number | null, number | null][] = [];
  let refusing = true;
  const queue = queueTo((_, { value, age }) => {
    if (refusing) return Promise.reject(new Error("full"));
    taken.push([value, age]);
    return Promise.resolve();
  }, clock);
  queue.push("panel", valueMessage("contact", null, 1), clock.monotonic());
  await turn();
  clock.advance(500);
  queue.push("panel", valueMessage("contact", null, 0), clock.monotonic());
  await turn();
  refusing = false;
  clock.jump(0);
  clock.advance(500);
  await turn();
  expect(taken).toEqual([
    [1, 1_000],
    [0, 500],
  ]);
});

it("drops the oldest at its bound, but not the one under way, and counts them", async () => {
  const taken: (number | null)[] = [];
  const gate = Promise.withResolvers<void>();
  const queue = queueTo(
    async (_, { value }) => {
      await gate.promise;
      taken.push(value);
    },
    new ManualClock(),
    3,
  );
  for (let value = 1; value <= 6; value++) queue.push("panel", valueMessage("count", null, value), 0);
  gate.resolve();
  await turn();
  expect(taken).toEqual([1, 5, 6]);
  expect(queue.dropped).toBe(3);
});

it("hands on what it holds when it is stopped, once, and counts what is refused even then", async () => {
  const handed: (number | null)[] = [];
  const clock = new ManualClock();
  const queue = queueTo((_, { value }) => {
    handed.push(value);
    return Promise.reject(new Error("closed"));
  }, clock);
  for (const value of [1, 2, 3]) queue.push("panel", valueMessage("count", null, value), 0);
  await turn();
  expect(handed).toEqual([1, 2, 3]);
  queue.stop();
  queue.stop();
  queue.push("panel", valueMessage("count", null, 4), 0);
  clock.advance(60_000);
  await turn();
  expect(handed).toEqual([1, 2, 3, 1, 2, 3]);
  expect(queue.dropped).toBe(3);
});

it("lets nothing wait behind what the intake has not answered yet", async () => {
  const handed: (number | null)[] = [];
  const queue = queueTo(async (_, { value }) => {
    handed.push(value);
    await new Promise<never>(() => {});
  }, new ManualClock());
  queue.push("tank", valueMessage("level", null, 1), 0);
  await turn();
  queue.push("panel", valueMessage("contact", null, 2), 0);
  expect(handed).toEqual([1, 2]);
});

it("counts at its stop what the intake still refuses", async () => {
  const handed: (number | null)[] = [];
  const first = Promise.withResolvers<void>();
  const queue = queueTo((_, { value }) => {
    handed.push(value);
    return value === 1 ? first.promise : Promise.resolve();
  }, new ManualClock());
  for (const value of [1, 2, 3]) queue.push("panel", valueMessage("count", null, value), 0);
  queue.stop();
  expect(handed).toEqual([1, 2, 3]);
  first.reject(new Error("closed"));
  await turn();
  expect([handed.length, queue.dropped]).toEqual([3, 1]);
});
