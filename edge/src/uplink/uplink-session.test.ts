import type { Log } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import type { Lane, Reading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeLink, quietStatus, quietTime } from "../testing/fake-link.ts";
import { readingWith } from "../testing/reading-with.ts";
import { uplinkConsumer, UplinkSession, type SessionLimits } from "./uplink-session.ts";

const limits: SessionLimits = {
  inFlight_max: { events: 2, samples: 2 },
  backlogInFlight_max: 1,
  behind_readings: 20,
  backlog_rate: 0,
  pace: {
    readings: { min: 5, first: 5, max: 5 },
    flights: { min: 1, first: 2, max: 2 },
    delay_max_ms: 60_000,
  },
  linger_ms: 100,
};

let log: Log<Reading>;
let clock: ManualClock;
beforeEach(() => {
  log = memoryLog<Reading>(7);
  clock = new ManualClock();
});

function session(link: FakeLink, changed: Partial<SessionLimits> = {}, time = quietTime): UplinkSession {
  return new UplinkSession(link, {
    log,
    gateway: "gate",
    limits: { ...limits, ...changed },
    acknowledge_timeout_ms: 30_000,
    heartbeat_ms: 10_000,
    status: () => ({ ...quietStatus, backlog: log.backlog(uplinkConsumer) }),
    time,
    clock,
  });
}

async function append(lane: Lane, count: number): Promise<void> {
  const reading = readingWith({ kind: lane === "events" ? "contact" : "level" });
  await log.append(
    lane,
    Array.from({ length: count }, () => reading),
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const seqs = (link: FakeLink): number[][] => link.sent.map(({ readings }) => readings.map(({ seq }) => seq));
const cursors = (): number[] => [log.cursor(uplinkConsumer, "events"), log.cursor(uplinkConsumer, "samples")];

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
    const running = session(link, {}, time).run(stop.signal);
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
    await append("samples", 5);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = session(link, {}, { ...quietTime, correct }).run(stop.signal);
    await turn();
    isKnown = true;
    await append("samples", 5);
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
    await append("samples", 12);
    await append("events", 1);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = session(link).run(stop.signal);
    await turn();
    expect(link.sent.map(({ lane }) => lane)).toEqual(["events", "samples", "samples"]);
    expect(seqs(link)).toEqual([[13], [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]);
    await append("events", 1);
    await turn();
    expect(seqs(link).at(-1)).toEqual([14]);
    link.sent[1]?.acknowledge();
    await turn();
    expect(seqs(link)).toHaveLength(4);
    clock.advance(100);
    await turn();
    expect(seqs(link).at(-1)).toEqual([11, 12]);
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
    await append("events", 3);
    await append("events", 2);
    const link = new FakeLink();
    const stop = new AbortController();
    const running = session(link).run(stop.signal);
    await turn();
    expect(seqs(link)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(link.sent.map(({ run }) => run)).toEqual(runs);
    stop.abort();
    await running;
  });

  it("moves a cursor only over what is acknowledged without a gap, and begins there the next time", async () => {
    await append("samples", 15);
    const first = new FakeLink();
    const running = session(first).run(new AbortController().signal);
    await turn();
    first.sent[1]?.acknowledge();
    expect(cursors()).toEqual([0, 0]);
    first.sent[0]?.acknowledge();
    expect(cursors()).toEqual([0, 10]);
    await turn();
    expect(seqs(first).at(-1)).toEqual([11, 12, 13, 14, 15]);
    first.lose("cable pulled");
    expect(await running).toBe("cable pulled");
    first.sent[2]?.acknowledge();
    expect(cursors()).toEqual([0, 10]);

    const second = new FakeLink();
    const stop = new AbortController();
    void session(second).run(stop.signal);
    await turn();
    expect(seqs(second)).toEqual([[11, 12, 13, 14, 15]]);
    expect(second.sent[0]?.readings[0]).toMatchObject({ gateway: "gate", epoch: 7, device: "tank", value: 1 });
    stop.abort();
  });

  it("tears down a link on which nothing is acknowledged, not one that is merely idle", async () => {
    const link = new FakeLink();
    const running = session(link).run(new AbortController().signal);
    await turn();
    clock.advance(120_000);
    await turn();
    expect(link.isClosed).toBe(false);
    await append("events", 1);
    await turn();
    clock.advance(20_000);
    link.sent[0]?.acknowledge();
    await append("events", 1);
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
    void session(link).run(stop.signal);
    expect(link.told).toHaveLength(1);
    clock.advance(30_000);
    expect(link.told).toHaveLength(4);
    stop.abort();
    await turn();
    clock.advance(60_000);
    expect(link.told).toHaveLength(4);
  });

  it("tells at once that a backlog it told of is over, and not of every batch", async () => {
    await append("events", 7);
    const link = new FakeLink();
    const stop = new AbortController();
    void session(link).run(stop.signal);
    await turn();
    link.sent[0]?.acknowledge();
    expect(link.told.map(({ backlog }) => backlog.events)).toEqual([7]);
    link.sent[1]?.acknowledge();
    expect(link.told.map(({ backlog }) => backlog.events)).toEqual([7, 0]);
    await append("events", 1);
    await turn();
    link.sent[2]?.acknowledge();
    clock.advance(9_999);
    expect(link.told).toHaveLength(2);
    clock.advance(1);
    expect(link.told).toHaveLength(3);
    stop.abort();
  });

  it("goes on when what it had counted was dropped from the log", async () => {
    await append("samples", 1);
    const read = vi.spyOn(log, "read").mockResolvedValueOnce([]);
    const link = new FakeLink();
    const stop = new AbortController();
    void session(link).run(stop.signal);
    clock.advance(100);
    await turn();
    expect(link.sent).toEqual([]);
    expect(read).toHaveBeenCalledTimes(1);
    await append("samples", 1);
    clock.advance(100);
    await vi.waitFor(() => expect(seqs(link)).toEqual([[1, 2]]));
    stop.abort();
  });
});

describe("a session that begins with a backlog", () => {
  /** Positions 1 to 30 are samples, 31 and 32 events. */
  async function begin(changed: Partial<SessionLimits> = {}): Promise<FakeLink> {
    await append("samples", 30);
    await append("events", 2);
    const link = new FakeLink();
    void session(link, changed).run(stop.signal);
    await turn();
    return link;
  }
  const stop = new AbortController();
  const order = (link: FakeLink): [lane: string, backlog: boolean, first: number][] =>
    link.sent.map(({ lane, backlog, readings }) => [lane, backlog, readings[0]?.seq ?? 0]);

  it("sends what is new before it, and the backlog's events before its samples", async () => {
    const link = await begin();
    await append("events", 1);
    await append("samples", 5);
    await turn();
    link.sent[0]?.acknowledge();
    await turn();
    expect(order(link)).toEqual([
      ["events", true, 31],
      ["events", false, 33],
      ["samples", false, 34],
      ["samples", true, 1],
    ]);
    expect(link.told[0]?.backlog).toEqual({ events: 2, samples: 30 });
  });

  it("passes what is acknowledged ahead only with the backlog before it, and tells it as handed over", async () => {
    const link = await begin();
    await append("samples", 5);
    await turn();
    for (let index = 0; link.sent.length > index; index++) {
      link.sent[index]?.acknowledge();
      await turn();
      if (index === 1) {
        expect(cursors()).toEqual([32, 0]);
        clock.advance(10_000);
        expect(link.told.at(-1)?.backlog).toEqual({ events: 0, samples: 30 });
        expect(log.backlog(uplinkConsumer)).toEqual({ events: 0, samples: 35 });
      }
    }
    expect(cursors()).toEqual([32, 37]);
    expect(seqs(link).flat()).toHaveLength(37);
  });

  it("keeps to a rate, for the backlog alone", async () => {
    const link = await begin({ backlog_rate: 2 });
    expect(seqs(link)).toEqual([[31, 32]]);
    link.sent[0]?.acknowledge();
    await turn();
    await append("events", 1);
    await turn();
    expect(seqs(link)).toEqual([[31, 32], [33]]);
    clock.advance(999);
    await turn();
    expect(seqs(link)).toHaveLength(2);
    clock.advance(1);
    await turn();
    expect(seqs(link).at(-1)).toEqual([1, 2]);
  });

  it("takes smaller batches once acknowledgements take long", async () => {
    const pace = { ...limits.pace, readings: { min: 2, first: 8, max: 8 }, delay_max_ms: 1_000 };
    const link = await begin({ pace });
    link.sent[0]?.acknowledge();
    await turn();
    expect(seqs(link)[1]).toHaveLength(8);
    clock.advance(1_001);
    link.sent[1]?.acknowledge();
    await turn();
    expect(seqs(link)[2]).toHaveLength(4);
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
  const running = session(link).run(stop.signal);
  await turn();
  expect(seqs(link)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  stop.abort();
  await running;
});

it("makes backlog of what a slow line left behind, so that what is new goes first again", async () => {
  const link = new FakeLink();
  const stop = new AbortController();
  void session(link).run(stop.signal);
  for (let count = 0; count < 4; count++) {
    await append("samples", 10);
    await turn();
  }
  expect(seqs(link)).toHaveLength(2);
  await append("samples", 1);
  link.sent[0]?.acknowledge();
  clock.advance(100);
  await turn();
  expect(link.sent[2]).toMatchObject({ backlog: false, readings: [{ seq: 41 }] });
  link.sent[1]?.acknowledge();
  await turn();
  expect(link.sent[3]).toMatchObject({ backlog: true, readings: [{ seq: 11 }, {}, {}, {}, { seq: 15 }] });
  stop.abort();
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
      let running = session(link).run(stop.signal);
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
          running = session(link).run(stop.signal);
        } else if ("append" in what) await append(what.append, what.count);
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
      for (let index = 0; owned.size < log.last && index < 100; index++) {
        clock.advance(limits.linger_ms);
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
