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

it("gives up when it is stopped", async () => {
  let attempts = 0;
  const clock = new ManualClock();
  const queue = queueTo(() => {
    attempts += 1;
    return Promise.reject(new Error("closed"));
  }, clock);
  queue.push("panel", valueMessage("contact", null, 1), 0);
  await turn();
  queue.stop();
  queue.push("panel", valueMessage("contact", null, 1), 0);
  clock.advance(60_000);
  await turn();
  expect(attempts).toBe(1);
});
