import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { cards, LedgerStory, site, start } from "./fixture.ts";

const s = 1_000;
const minute = 60 * s;
let story: LedgerStory;
beforeEach(() => {
  story = new LedgerStory();
});
afterEach(() => story.end());

const at = (offset_ms: number, more: Partial<StoredReading> = {}): Partial<StoredReading> => ({
  at: start + offset_ms,
  ...more,
});
const shown = (own = story): unknown[] =>
  own.held().map((one) => [one?.defect, one?.checkpoint, one?.foundBy, (one?.foundAt ?? 0) - start]);

describe("a guard who taps the own card and then a defect's", () => {
  it("reports that defect at that checkpoint", async () => {
    story.clock.advance(2 * minute);
    await story.append(story.card("zhang", at(0)), story.card("exit", at(20 * s)));
    const [finding] = story.held();
    expect(finding).toMatchObject({
      source: "tap",
      defect: "exit",
      device: "reader-lobby",
      checkpoint: "lobby",
      what: "疏散通道堵塞 / Exit blocked",
      grade: "urgent",
      foundAt: start + 20 * s,
      foundBy: "张伟",
      responsible: "王强",
      // counted from when the cloud heard of it
      dueAt: start + 2 * minute + 24 * 60 * minute,
      steps: [{ what: "found", who: "张伟", at: start + 20 * s, recordedAt: start + 2 * minute }],
    });
  });

  it("may report several after one tap", async () => {
    await story.append(
      story.card("zhang", at(-minute)),
      story.card("exit", at(-30 * s)),
      story.card("extinguisher", at(0)),
    );
    expect(shown()).toEqual([
      ["exit", "lobby", "张伟", -30 * s],
      ["extinguisher", "lobby", "张伟", 0],
    ]);
  });

  it("is the last one who tapped at that reader, and no one who tapped elsewhere or long before", async () => {
    await story.append(
      story.card("zhang", at(-40 * s)),
      story.card("li", at(-30 * s)),
      story.tap("reader-attic", { card: cards.zhang }, at(-10 * s)),
      story.card("exit", at(0)),
      story.tap("reader-attic", { card: cards.extinguisher }, at(60 * s)),
    );
    expect(shown()).toEqual([["exit", "lobby", "李娜", 0]]);
  });

  it("with a carried reader taps the checkpoint's tag first", async () => {
    await story.append(
      story.tap("carried", { tag: "0433333333", guard: "li" }, at(-20 * s)),
      story.tap("carried", { tag: cards.extinguisher, guard: "li" }, at(0)),
    );
    expect(shown()).toEqual([["extinguisher", "pond", "李娜", 0]]);
  });
});

describe("a defect's card that is tapped alone", () => {
  it("waits for the guard's tap, and then stands in the ledger without one", async () => {
    await story.append(story.card("exit", at(0)));
    await story.pass(9 * minute);
    expect(shown()).toEqual([]);
    await story.pass(minute);
    expect(shown()).toEqual([["exit", "lobby", null, 0]]);
    expect(story.held()[0]?.steps).toMatchObject([{ what: "found", who: "gengfu" }]);
  });

  it("gets its guard where that tap comes late, as behind a backlog", async () => {
    const late = story.card("zhang", at(-30 * s));
    await story.append(story.card("exit", at(0)));
    await story.pass(minute);
    await story.append(late);
    expect(shown()).toEqual([["exit", "lobby", "张伟", 0]]);
  });

  it("is given its guard also when it stands there already", async () => {
    const late = story.card("zhang", at(-30 * s));
    await story.append(story.card("exit", at(0)));
    await story.pass(11 * minute);
    await story.append(late);
    expect(shown()).toEqual([["exit", "lobby", "张伟", 0]]);
    expect(story.held()[0]?.steps.map(({ what }) => what)).toEqual(["found", "note"]);
  });
});

describe("a defect that is reported again", () => {
  const report = (offset_ms: number): StoredReading[] => [
    story.card("li", at(offset_ms - 10 * s)),
    story.card("exit", at(offset_ms)),
  ];

  it("is a step of the finding while that is not settled, and a finding of its own afterwards", async () => {
    await story.append(...report(0));
    await story.pass(20 * minute);
    await story.append(...report(15 * minute));
    expect(story.held().map((one) => one?.steps.map(({ what }) => what))).toEqual([["found", "seen_again"]]);
    story.findings.step(1, { what: "cancel", by: "王强", note: "已清理" });
    // it was reported before that, and comes only now
    await story.append(...report(18 * minute));
    await story.pass(10 * minute);
    await story.append(...report(25 * minute));
    expect(story.held().map((one) => one?.steps.map(({ what }) => what))).toEqual([
      ["found", "seen_again", "cancel", "seen_again"],
      ["found"],
    ]);
  });
});

describe("the site file's defects", () => {
  it.each([
    [{ card: cards.zhang }, "defects.0.card"],
    [{ card: "0433333333" }, "defects.0.card"],
    [{ responsible: "nobody" }, "defects.0.responsible"],
    [{ grade: "dire" }, "defects.0.grade"],
  ])("with %j are refused", (over, path) => {
    const { calendar: _, ...rest } = site;
    const one = { id: "exit", name: "Exit blocked", card: cards.exit, ...over };
    const result = siteSchema.safeParse({ ...rest, defects: [one] });
    expect(result.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });
});

it("where the gateway doesn't know the time, was found when the cloud heard of it, and says so", async () => {
  const unsure = at(-9e10, { clock: "unsynchronised" });
  await story.append(story.card("zhang", unsure), story.card("exit", unsure));
  expect(shown()).toEqual([["exit", "lobby", "张伟", 0]]);
  expect(story.held()[0]?.steps[0]?.note).toMatch(/时钟不准.*did not know the time/);
});

it("goes on in the log from its own cursor, where the log has lost that", async () => {
  await story.append(story.card("zhang", at(-10 * s)), story.card("exit", at(0)));
  await story.kill();
  story.log.cursor = () => 0;
  const read = story.log.read.bind(story.log);
  const reads: unknown[] = [];
  story.log.read = (lane, after, limit) => (reads.push([lane, after]), read(lane, after, limit));
  await story.revive();
  expect(reads[0]).toEqual(["events", 2]);
  expect(story.held()).toHaveLength(1);
});

it("does not mind taps that come again, in whatever order, nor being killed between any two", async () => {
  const taps = ["zhang", "exit", "li", "extinguisher", "exit"] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: taps.length - 1 }), { minLength: 5, maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      async (order, kills) => {
        const own = new LedgerStory();
        const calm = new LedgerStory();
        try {
          own.clock.advance(5 * minute);
          calm.clock.advance(5 * minute);
          const made = (from: LedgerStory): StoredReading[] =>
            taps.map((who, index) => from.card(who, { at: start + index * 20 * s }));
          const [ofOwn, ofCalm] = [made(own), made(calm)];
          // each once at least, in the order drawn, then again
          const sequence = [...new Set([...order, ...taps.keys()]), ...order];
          for (const [index, which] of sequence.entries()) {
            if (kills[index] === true) {
              await own.kill();
              await own.deliver(ofOwn[which] as StoredReading);
              await own.revive();
            } else await own.append(ofOwn[which] as StoredReading);
            if (index < taps.length) await calm.append(ofCalm[which] as StoredReading);
          }
          expect(own.held()).toEqual(calm.held());
          const reports = own.held().flatMap((one) => one?.steps.filter(({ what }) => what !== "note") ?? []);
          expect(reports).toHaveLength(3);
        } finally {
          await own.end();
          await calm.end();
        }
      },
    ),
    { numRuns: 20 },
  );
});
