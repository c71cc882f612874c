import { describe, expect, it } from "vitest";
import { silentLogger } from "../logging.ts";
import { ManualClock } from "../time/clock.ts";
import { runConsumer } from "./consumer.ts";
import { memoryLog } from "./memory-log.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("consumer", () => {
  it("takes events first, goes on after a failure with the same blocks, and ends with its signal", async () => {
    const log = memoryLog<number>();
    await log.append("samples", [1, 2]);
    await log.append("events", [3]);
    const clock = new ManualClock();
    const end = new AbortController();
    const seen: number[] = [];
    let failures = 1;
    const running = runConsumer({
      log,
      consumer: "test",
      batch: 10,
      clock,
      logger: silentLogger,
      signal: end.signal,
      handle: (lane, blocks) => {
        if (lane === "samples" && failures-- > 0) throw new Error("not now");
        seen.push(...blocks.flatMap((block) => block.entries));
      },
    });
    await turn();
    expect(seen).toEqual([3]);
    expect(log.cursor("test", "samples")).toBe(0);
    clock.advance(100);
    await turn();
    expect(seen).toEqual([3, 1, 2]);
    await log.append("events", [4]);
    await turn();
    expect(seen).toEqual([3, 1, 2, 4]);
    expect(log.backlog("test")).toEqual({ events: 0, samples: 0 });
    end.abort();
    await running;
  });

  it("moves the log's cursor to where the consumer stands, though nothing new comes", async () => {
    const log = memoryLog<number>();
    await log.append("samples", [1, 2]);
    log.commit("test", "samples", 1);
    const end = new AbortController();
    const running = runConsumer({
      log,
      consumer: "test",
      cursor: (lane) => (lane === "samples" ? 2 : 0),
      batch: 10,
      clock: new ManualClock(),
      logger: silentLogger,
      signal: end.signal,
      handle: () => expect.unreachable("all is done"),
    });
    await turn();
    expect(log.backlog("test")).toEqual({ events: 0, samples: 0 });
    end.abort();
    await running;
  });
});
