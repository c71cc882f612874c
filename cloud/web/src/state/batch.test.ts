import { describe, expect, it } from "vitest";
import { Batcher } from "./batch.ts";

describe("the batcher", () => {
  function batcher(size_max = 10) {
    const due: (() => void)[] = [];
    const flushed: number[][] = [];
    const dropped: number[] = [];
    const made = new Batcher<number>({
      size_max,
      schedule: (callback) => due.push(callback),
      flush: (items) => flushed.push([...items]),
      onOverflow: (count) => dropped.push(count),
    });
    return { made, due, flushed, dropped, frame: () => due.splice(0).forEach((callback) => callback()) };
  }

  it("hands on together what came since the last frame, and asks for one frame only", () => {
    const { made, due, flushed, frame } = batcher();
    made.add(1);
    made.add(2);
    expect(due).toHaveLength(1);
    frame();
    made.add(3);
    frame();
    expect(flushed).toEqual([[1, 2], [3]]);
  });

  it("keeps what comes while it is held", () => {
    const { made, flushed, frame } = batcher();
    made.add(1);
    made.hold();
    made.add(2);
    frame();
    expect(flushed).toEqual([]);
    made.release();
    frame();
    expect(flushed).toEqual([[1, 2]]);
  });

  it("drops all of it at its bound and says how many", () => {
    const { made, flushed, dropped, frame } = batcher(2);
    made.hold();
    for (const item of [1, 2, 3]) made.add(item);
    expect(dropped).toEqual([3]);
    made.add(4);
    made.release();
    frame();
    expect(flushed).toEqual([[4]]);
  });
});
