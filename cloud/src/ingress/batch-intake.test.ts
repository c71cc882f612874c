import { expect, it } from "vitest";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import type { Log } from "@gengfu/shared/log/log";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { BatchIntake } from "./batch-intake.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";
import { batch } from "./testing/ingress-under-test.ts";

/** A ledger to which everything is new, and which counts what was asked about. */
function openLedger() {
  const claimed: number[] = [];
  const claim = (_gateway: string, _epoch: number, seqs: readonly number[]) => {
    claimed.push(...seqs);
    const nothing = (): void => undefined;
    return { fresh: seqs.map((_, index) => index), others: Promise.resolve(), commit: nothing, release: nothing };
  };
  return { claimed, claim };
}

it("decodes no more than may wait for the disk, and goes on when there is room", async () => {
  const disk = Promise.withResolvers<void>();
  const inner = memoryLog<StoredReading>();
  const log: Log<StoredReading> = Object.create(inner, {
    append: {
      async value(...args: Parameters<typeof inner.append>) {
        await disk.promise;
        return inner.append(...args);
      },
    },
  });
  const ledger = openLedger();
  const setAside: string[] = [];
  const intake = new BatchIntake({ log, ledger, setAside: ({ code }) => setAside.push(code), pending_max: 4 });
  const taken = [[1, 2, 3], [4, 5, 6], [7], [8]].map((seqs) => intake.take("main-building", "samples", batch(seqs)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(ledger.claimed).toEqual([1, 2, 3, 4, 5, 6]);
  disk.resolve();
  await Promise.all(taken);
  expect(ledger.claimed).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(intake.stats()).toEqual({ batches: 4, readings: 8, repeated: 0 });
  expect(setAside).toEqual([]);
});

it("encodes and decodes blocks of one gateway and epoch, and no others", () => {
  const bytes = batch([1, 2, 3]);
  expect(cloudBlockCodec.decode(cloudBlockCodec.encode(cloudBlockCodec.decode(bytes)))).toEqual(
    cloudBlockCodec.decode(bytes),
  );
  const two = [...cloudBlockCodec.decode(bytes), ...cloudBlockCodec.decode(batch([1], "tribunal-2"))];
  expect(() => cloudBlockCodec.encode(two)).toThrow(/one gateway and epoch/);
});
