import fc from "fast-check";
import { expect, it } from "vitest";
import { SequenceWindow, window_seqs } from "./sequence-window.ts";

/** The same with a set that never forgets. */
class NaiveWindow {
  readonly #seen = new Set<number>();
  #highest = -1;

  repeats(seq: number): boolean {
    if (seq <= this.#highest - window_seqs) return false;
    this.#highest = Math.max(this.#highest, seq);
    const before = this.#seen.has(seq);
    this.#seen.add(seq);
    return before;
  }
}

const walk = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -40, max: 41 }) },
    { weight: 1, arbitrary: fc.integer({ min: -window_seqs - 2, max: window_seqs + 2 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, -window_seqs, window_seqs, window_seqs - 1, 2 ** 33) },
  ),
  { maxLength: 400 },
);

it("knows repeats as a set does that remembers all, within the window", () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 5_000, 2 ** 31, 2 ** 40), walk, (start, steps) => {
      const window = new SequenceWindow();
      const model = new NaiveWindow();
      let seq = start;
      for (const step of steps) {
        seq = Math.max(0, seq + step);
        expect(window.repeats(seq)).toBe(model.repeats(seq));
      }
    }),
  );
});

it("takes what lies before the window for new", () => {
  const window = new SequenceWindow();
  expect([window.repeats(0), window.repeats(0)]).toEqual([false, true]);
  expect(window.repeats(window_seqs)).toBe(false);
  expect([window.repeats(0), window.repeats(0), window.repeats(1)]).toEqual([false, false, false]);
  expect([window.repeats(1), window.repeats(window_seqs)]).toEqual([true, true]);
});
