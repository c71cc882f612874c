import type { Log } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import type { Reading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeLink } from "../testing/fake-link.ts";
import { appendTo, cursorsOf, seqsOf, sessionLimits, sessionOver, turn } from "../testing/session-over.ts";
import { uplinkConsumer, type SessionLimits } from "./uplink-session.ts";

let log: Log<Reading>;
let clock: ManualClock;
beforeEach(() => {
  log = memoryLog<Reading>(7);
  clock = new ManualClock();
});

describe("a session that begins with a backlog", () => {
  /** Positions 1 to 30 are samples, 31 and 32 events. */
  async function begin(changed: Partial<SessionLimits> = {}): Promise<FakeLink> {
    await appendTo(log, "samples", 30);
    await appendTo(log, "events", 2);
    const link = new FakeLink();
    void sessionOver({ log, clock }, link, changed).run(stop.signal);
    await turn();
    return link;
  }
  const stop = new AbortController();
  const order = (link: FakeLink): [lane: string, backlog: boolean, first: number][] =>
    link.sent.map(({ lane, backlog, readings }) => [lane, backlog, readings[0]?.seq ?? 0]);

  it("sends what is new before it, and the backlog's events before its samples", async () => {
    const link = await begin();
    await appendTo(log, "events", 1);
    await appendTo(log, "samples", 5);
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
    await appendTo(log, "samples", 5);
    await turn();
    for (let index = 0; link.sent.length > index; index++) {
      link.sent[index]?.acknowledge();
      await turn();
      if (index === 1) {
        expect(cursorsOf(log)).toEqual([32, 0]);
        clock.advance(10_000);
        expect(link.told.at(-1)?.backlog).toEqual({ events: 0, samples: 30 });
        expect(log.backlog(uplinkConsumer)).toEqual({ events: 0, samples: 35 });
      }
    }
    expect(cursorsOf(log)).toEqual([32, 37]);
    expect(seqsOf(link).flat()).toHaveLength(37);
  });

  it("keeps to a rate, for the backlog alone", async () => {
    const link = await begin({ backlog_rate: 2 });
    expect(seqsOf(link)).toEqual([[31, 32]]);
    link.sent[0]?.acknowledge();
    await turn();
    await appendTo(log, "events", 1);
    await turn();
    expect(seqsOf(link)).toEqual([[31, 32], [33]]);
    clock.advance(999);
    await turn();
    expect(seqsOf(link)).toHaveLength(2);
    clock.advance(1);
    await turn();
    expect(seqsOf(link).at(-1)).toEqual([1, 2]);
  });

  it("takes smaller batches once acknowledgements take long", async () => {
    const pace = { ...sessionLimits.pace, readings: { min: 2, first: 8, max: 8 }, delay_max_ms: 1_000 };
    const link = await begin({ pace });
    link.sent[0]?.acknowledge();
    await turn();
    expect(seqsOf(link)[1]).toHaveLength(8);
    clock.advance(1_001);
    link.sent[1]?.acknowledge();
    await turn();
    expect(seqsOf(link)[2]).toHaveLength(4);
  });
});

it("makes backlog of what a slow line left behind, so that what is new goes first again", async () => {
  const link = new FakeLink();
  const stop = new AbortController();
  void sessionOver({ log, clock }, link).run(stop.signal);
  for (let count = 0; count < 4; count++) {
    await appendTo(log, "samples", 10);
    await turn();
  }
  expect(seqsOf(link)).toHaveLength(2);
  await appendTo(log, "samples", 1);
  link.sent[0]?.acknowledge();
  clock.advance(100);
  await turn();
  expect(link.sent[2]).toMatchObject({ backlog: false, readings: [{ seq: 41 }] });
  link.sent[1]?.acknowledge();
  await turn();
  expect(link.sent[3]).toMatchObject({ backlog: true, readings: [{ seq: 11 }, {}, {}, {}, { seq: 15 }] });
  stop.abort();
});
