import type { Log } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import type { Lane, Reading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeLink, quietTime } from "../testing/fake-link.ts";
import { readingWith } from "../testing/reading-with.ts";
import { appendTo, cursorsOf, seqsOf, sessionLimits, sessionOver, turn } from "../testing/session-over.ts";
import { uplinkConsumer } from "./uplink-session.ts";

let log: Log<Reading>;
let clock: ManualClock;
beforeEach(() => {
  log = memoryLog<Reading>(7);
  clock = new ManualClock();
});

describe("the time", () => {
  it("is asked for with each heartbeat, and anew once the cloud's answers are heard", async () => {
    const heard: [number, number][] = [];
    const time = {
      ...quietTime,
      ask: () => clock.monotonic(),
      cloudTime: (...args: [number, number]) => heard.push(args),
    };
    clock.advance(300);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = sessionOver({ log, clock }, link, {}, time).run(stop.signal);
    await turn();
    expect(link.told.map(({ asked_ms }) => asked_ms)).toEqual([300]);
    clock.advance(50);
    link.grant();
    await turn();
    clock.advance(10_000);
    expect(link.told.map(({ asked_ms }) => asked_ms)).toEqual([300, 350, 10_350]);
    for (const text of ["{", "{}", '{"at":1.5,"asked_ms":1}', '{"at":1780000000000,"asked_ms":350}']) link.say(text);
    expect(heard).toEqual([[1_780_000_000_000, 350]]);
    stop.abort();
    await running;
  });

  it("of readings is put right as they are sent, not as they were taken in", async () => {
    let isKnown = false;
    const correct: typeof quietTime.correct = (reading) =>
      isKnown ? { ...reading, at: 77, clock: "corrected" } : reading;
    await appendTo(log, "samples", 5);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = sessionOver({ log, clock }, link, {}, { ...quietTime, correct }).run(stop.signal);
    await turn();
    isKnown = true;
    await appendTo(log, "samples", 5);
    await turn();
    expect(link.sent.map(({ readings }) => readings.map(({ at }) => at))).toEqual([
      Array(5).fill(5),
      Array(5).fill(77),
    ]);
    stop.abort();
    await running;
  });
});

describe("a session", () => {
  it("sends events at once and in front, samples together, and bounds what is under way", async () => {
    await appendTo(log, "samples", 12);
    await appendTo(log, "events", 1);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = sessionOver({ log, clock }, link).run(stop.signal);
    await turn();
    expect(link.sent.map(({ lane }) => lane)).toEqual(["events", "samples", "samples"]);
    expect(seqsOf(link)).toEqual([[13], [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]);
    await appendTo(log, "events", 1);
    await turn();
    expect(seqsOf(link).at(-1)).toEqual([14]);
    link.sent[1]?.acknowledge();
    await turn();
    expect(seqsOf(link)).toHaveLength(4);
    clock.advance(100);
    await turn();
    expect(seqsOf(link).at(-1)).toEqual([11, 12]);
    stop.abort();
    expect(await running).toBe("the gateway is stopping");
    expect(link.isClosed).toBe(true);
  });

  it("sends batches of one run of the log, and says of which", async () => {
    const runs = [
      { id: "a", first: 1, parent: null },
      { id: "b", first: 4, parent: "a" },
    ];
    log = Object.create(log, { runAt: { value: (seq: number) => runs.findLast(({ first }) => first <= seq) } });
    await appendTo(log, "events", 3);
    await appendTo(log, "events", 2);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = sessionOver({ log, clock }, link).run(stop.signal);
    await turn();
    expect(seqsOf(link)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(link.sent.map(({ run }) => run)).toEqual(runs);
    stop.abort();
    await running;
  });

  it("moves a cursor only over what is acknowledged without a gap, and begins there the next time", async () => {
    await appendTo(log, "samples", 15);
    const first = new FakeLink();
    const running = sessionOver({ log, clock }, first).run(new AbortController().signal);
    await turn();
    first.sent[1]?.acknowledge();
    expect(cursorsOf(log)).toEqual([0, 0]);
    first.sent[0]?.acknowledge();
    expect(cursorsOf(log)).toEqual([0, 10]);
    await turn();
    expect(seqsOf(first).at(-1)).toEqual([11, 12, 13, 14, 15]);
    first.lose("cable pulled");
    expect(await running).toBe("cable pulled");
    first.sent[2]?.acknowledge();
    expect(cursorsOf(log)).toEqual([0, 10]);

    const second = new FakeLink();
    const stop = new AbortController();
    void sessionOver({ log, clock }, second).run(stop.signal);
    await turn();
    expect(seqsOf(second)).toEqual([[11, 12, 13, 14, 15]]);
    expect(second.sent[0]?.readings[0]).toMatchObject({ gateway: "gate", epoch: 7, device: "tank", value: 1 });
    stop.abort();
  });

  it("tears down a link on which nothing is acknowledged, not one that is merely idle", async () => {
    const link = new FakeLink();
    const running = sessionOver({ log, clock }, link).run(new AbortController().signal);
    await turn();
    clock.advance(120_000);
    await turn();
    expect(link.isClosed).toBe(false);
    await appendTo(log, "events", 1);
    await turn();
    clock.advance(20_000);
    link.sent[0]?.acknowledge();
    await appendTo(log, "events", 1);
    await turn();
    clock.advance(29_999);
    await turn();
    expect(link.isClosed).toBe(false);
    clock.advance(30_000);
    expect(await running).toMatch(/^the cloud acknowledged nothing for \d+ s$/);
    expect(link.isClosed).toBe(true);
  });

  it("tells the gateway's state when it begins and at every heartbeat", async () => {
    const link = new FakeLink();
    const stop = new AbortController();
    void sessionOver({ log, clock }, link).run(stop.signal);
    expect(link.told).toHaveLength(1);
    clock.advance(30_000);
    expect(link.told).toHaveLength(4);
    stop.abort();
    await turn();
    clock.advance(60_000);
    expect(link.told).toHaveLength(4);
  });

  it("tells at once that a backlog it told of is over, and not of every batch", async () => {
    await appendTo(log, "events", 7);
    const link = new FakeLink();
    const stop = new AbortController();
    void sessionOver({ log, clock }, link).run(stop.signal);
    await turn();
    link.sent[0]?.acknowledge();
    expect(link.told.map(({ backlog }) => backlog.events)).toEqual([7]);
    link.sent[1]?.acknowledge();
    expect(link.told.map(({ backlog }) => backlog.events)).toEqual([7, 0]);
    await appendTo(log, "events", 1);
    await turn();
    link.sent[2]?.acknowledge();
    clock.advance(9_999);
    expect(link.told).toHaveLength(2);
    clock.advance(1);
    expect(link.told).toHaveLength(3);
    stop.abort();
  });

  it("goes on when what it had counted was dropped from the log", async () => {
    await appendTo(log, "samples", 1);
    const read = vi.spyOn(log, "read").mockResolvedValueOnce([]);
    const link = new FakeLink();
    const stop = new AbortController();
    void sessionOver({ log, clock }, link).run(stop.signal);
    clock.advance(100);
    await turn();
    expect(link.sent).toEqual([]);
    expect(read).toHaveBeenCalledTimes(1);
    await appendTo(log, "samples", 1);
    clock.advance(100);
    await vi.waitFor(() => expect(seqsOf(link)).toEqual([[1, 2]]));
    stop.abort();
  });
});

it("bounds the text of a batch by its pace, so that large readings make no batch that holds up the line", async () => {
  const reading = readingWith({ kind: "quarantine", value: null, detail: { payload: "x".repeat(70) } });
  await log.append(
    "samples",
    Array.from({ length: 7 }, () => reading),
  );
  const link = new FakeLink();
  const stop = new AbortController();
  const running = sessionOver({ log, clock }, link).run(stop.signal);
  await turn();
  expect(seqsOf(link)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  stop.abort();
  await running;
});

it("loses nothing, over any number of connections that break at any time", async () => {
  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        append: fc.constantFrom<Lane>("events", "samples"),
        count: fc.integer({ min: 1, max: 30 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ acknowledge: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ advance: fc.nat(150) }) },
    { weight: 1, arbitrary: fc.constant("lose" as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      log = memoryLog<Reading>(1);
      clock = new ManualClock();
      const owned = new Set<number>();
      const stop = new AbortController();
      let link = new FakeLink();
      let running = sessionOver({ log, clock }, link).run(stop.signal);
      const acknowledge = (index: number): void => {
        const batch = link.sent[index];
        for (const { seq } of batch?.readings ?? []) owned.add(seq);
        batch?.acknowledge();
      };
      for (const what of actions) {
        if (what === "lose") {
          link.lose("lost");
          await running;
          link = new FakeLink();
          running = sessionOver({ log, clock }, link).run(stop.signal);
        } else if ("append" in what) await appendTo(log, what.append, what.count);
        else if ("advance" in what) clock.advance(what.advance);
        else acknowledge(what.acknowledge);
        await turn();
        for (const lane of ["events", "samples"] as const) {
          for (const { first, entries } of await log.read(lane, 0, { entries: Infinity })) {
            const passed = entries
              .map((_, index) => first + index)
              .filter((seq) => seq <= log.cursor(uplinkConsumer, lane));
            expect(passed.filter((seq) => !owned.has(seq))).toEqual([]);
          }
        }
      }
      const owes = (): boolean => Object.values(log.backlog(uplinkConsumer)).some((count) => count > 0);
      for (let index = 0; owes() && index < 100; index++) {
        clock.advance(sessionLimits.linger_ms);
        await turn();
        link.sent.forEach((_, sent) => acknowledge(sent));
        await turn();
      }
      expect(owned.size).toBe(log.last);
      expect(log.backlog(uplinkConsumer)).toEqual({ events: 0, samples: 0 });
      stop.abort();
      await running;
    }),
    { numRuns: 60 },
  );
});

describe("whether the cloud acknowledges soon", () => {
  it("is known by the last acknowledgements, by what is under way, and by the backlog", async () => {
    const link = new FakeLink();
    const stop = new AbortController();
    const session = sessionOver({ log, clock }, link, { linger_ms: 0 });
    const running = session.run(stop.signal);
    await turn();
    expect(session.acknowledgesSoon).toBe(false);
    await appendTo(log, "samples", 1);
    await turn();
    clock.advance(200);
    link.sent.at(-1)?.acknowledge();
    expect(session.acknowledgesSoon).toBe(true);
    await appendTo(log, "samples", 1);
    await turn();
    expect(session.acknowledgesSoon).toBe(true);
    clock.advance(1_000);
    expect(session.acknowledgesSoon).toBe(false);
    link.sent.at(-1)?.acknowledge();
    expect(session.acknowledgesSoon).toBe(false);
    for (let batch = 0; batch < 3; batch++) {
      await appendTo(log, "samples", 1);
      await turn();
      link.sent.at(-1)?.acknowledge();
    }
    expect(session.acknowledgesSoon).toBe(true);
    await appendTo(log, "samples", 600);
    await turn();
    expect(session.acknowledgesSoon).toBe(false);
    stop.abort();
    await running;
    expect(session.acknowledgesSoon).toBe(false);
  });
});
