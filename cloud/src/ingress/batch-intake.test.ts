import { expect, it } from "vitest";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import type { Log } from "@gengfu/shared/log/log";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { BatchIntake } from "./batch-intake.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";
import { batch } from "./testing/ingress-under-test.ts";

const place = (_gateway: string, epoch: number, _run: unknown, seqs: readonly number[]) => [
  { epoch, count: seqs.length },
];

const nothing = (): void => undefined;
/** Where no one repeats anything under another seq. */
const noRepeats = { repeats: () => ({ indices: new Set<number>(), others: [] }), hold: nothing, settle: nothing };
const settled = Promise.resolve();

/** A ledger to which everything is new, and which counts what was asked about. */
function openLedger() {
  const claimed: number[] = [];
  const claim = (_gateway: string, _epoch: number, seqs: readonly number[]) => {
    claimed.push(...seqs);
    return { fresh: seqs.map((_, index) => index), others: settled, settled, commit: nothing, release: nothing };
  };
  return { claimed, place, claim, ...noRepeats };
}

const staying = new AbortController().signal;

/** A log whose disk is stuck until `go` is called. */
function stuckLog(): { log: Log<StoredReading>; go: () => void } {
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
  return { log, go: disk.resolve };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("decodes no more than may wait for the disk, and goes on when there is room", async () => {
  const { log, go } = stuckLog();
  const ledger = openLedger();
  const setAside: string[] = [];
  const intake = new BatchIntake({ log, ledger, setAside: ({ code }) => setAside.push(code), pending_max: 4 });
  const taken = [[1, 2, 3], [4, 5, 6], [7], [8]].map((seqs) =>
    intake.take("main-building", "samples", batch(seqs), staying),
  );
  await turn();
  expect(ledger.claimed).toEqual([1, 2, 3, 4, 5, 6]);
  expect(intake.stats().pending).toBe(6);
  go();
  await Promise.all(taken);
  expect(ledger.claimed).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(intake.stats()).toEqual({ batches: 4, readings: 8, repeated: 0, pending: 0 });
  expect(setAside).toEqual([]);
});

it.each([
  ["that repeats what waits", 5],
  ["that waits for room", 3],
])("lets go of what a gateway left behind %s", async (_, pending_max) => {
  const { log, go } = stuckLog();
  const held = Promise.withResolvers<void>();
  let known: readonly number[] = [];
  const ledger = {
    place,
    ...noRepeats,
    claim(_gateway: string, _epoch: number, seqs: readonly number[]) {
      const fresh = seqs.flatMap((seq, index) => (known.includes(seq) ? [] : [index]));
      known = [...known, ...seqs];
      const isFirst = fresh.length > 0;
      const others = isFirst ? Promise.resolve() : held.promise;
      return { fresh, others, settled, commit: isFirst ? held.resolve : nothing, release: nothing };
    },
  };
  const intake = new BatchIntake({ log, ledger, setAside: nothing, pending_max });
  const first = intake.take("main-building", "samples", batch([1, 2, 3]), staying);
  for (let visit = 0; visit < 20; visit++) {
    const connection = new AbortController();
    const repeats = [batch([1, 2, 3]), batch([1, 2, 3])].map((body) =>
      intake.take("main-building", "samples", body, connection.signal),
    );
    await turn();
    connection.abort(new Error("gone"));
    for (const repeat of repeats) await expect(repeat).rejects.toThrow("gone");
  }
  expect(intake.stats()).toMatchObject({ pending: 3, batches: 0 });
  go();
  await first;
  expect(intake.stats()).toMatchObject({ pending: 0, batches: 1, readings: 3 });
});

it("encodes and decodes blocks of one gateway and epoch, and no others", () => {
  const bytes = batch([1, 2, 3]);
  expect(cloudBlockCodec.decode(cloudBlockCodec.encode(cloudBlockCodec.decode(bytes)))).toEqual(
    cloudBlockCodec.decode(bytes),
  );
  const two = [...cloudBlockCodec.decode(bytes), ...cloudBlockCodec.decode(batch([1], "tribunal-2"))];
  expect(() => cloudBlockCodec.encode(two)).toThrow(/one gateway and epoch/);
});
