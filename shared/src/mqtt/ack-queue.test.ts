import fc from "fast-check";
import { expect, it } from "vitest";
import { AckQueue, type AckTarget } from "./ack-queue.ts";

const target = (isClosed: () => boolean): AckTarget => ({
  isClosed,
  write: () => undefined,
  drop: () => undefined,
  settled: () => undefined,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("acknowledges in the order of arrival, each not before what it waits for is durable", async () => {
  const arrivals = fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 6 }),
      async (waits, order) => {
        const durable = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
        const settled = new Set<number>();
        const acknowledged: number[] = [];
        const queue = new AckQueue(target(() => false));
        waits.forEach((which, index) => {
          const acknowledge = (): void => {
            expect(which < 0 || settled.has(which)).toBe(true);
            acknowledged.push(index);
          };
          if (which < 0) queue.follow(acknowledge);
          else queue.hold((durable[which] as PromiseWithResolvers<void>).promise, acknowledge);
        });
        for (const which of order) {
          settled.add(which);
          durable[which]?.resolve();
          await turn();
          const first = waits.findIndex((wait) => wait >= 0 && !settled.has(wait));
          expect(acknowledged).toEqual([...waits.keys()].slice(0, first < 0 ? undefined : first));
        }
      },
    ),
    { numRuns: 50 },
  );
});

it("leaves what comes after a closed connection, and drops a connection whose publish was not taken", async () => {
  let closed = false;
  const results: (string | undefined)[] = [];
  const queue = new AckQueue(target(() => closed));
  const first = Promise.withResolvers<void>();
  queue.hold(first.promise, (error) => results.push(error?.message));
  queue.hold(Promise.reject(new Error("full")), (error) => results.push(error?.message));
  await turn();
  expect(results).toEqual([]);
  first.resolve();
  await turn();
  await turn();
  expect(results).toEqual([undefined, "full"]);
  closed = true;
  queue.hold(Promise.resolve(), () => results.push("never"));
  await turn();
  expect(results).toHaveLength(2);
});

it("writes the PUBACKs that become due together at once, in order, around the callbacks between them", async () => {
  const written: string[] = [];
  const queue = new AckQueue({ ...target(() => false), write: (bytes) => written.push(bytes.toString("hex")) });
  const durable = Promise.withResolvers<void>();
  queue.hold(durable.promise, 1);
  queue.hold(durable.promise, 258);
  queue.hold(durable.promise, () => written.push("callback"));
  queue.follow(3);
  expect(queue.held).toBe(4);
  durable.resolve();
  await turn();
  expect(written).toEqual(["4002000140020102", "callback", "40020003"]);
  expect(queue.held).toBe(0);
  queue.follow(4);
  expect(written.at(-1)).toBe("40020004");
});
