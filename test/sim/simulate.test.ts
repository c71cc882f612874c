import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

const seeds = 300;
const shownLines = 50;
/** Some runs of each part, so that a failure names its seed and the others still run. */
const parts = 6;

test.each(Array.from({ length: parts }, (_, part) => part))(
  "the path of the readings holds its invariants, whatever fails (part %i)",
  async (part) => {
    for (let seed = part + 1; seed <= seeds; seed += parts) {
      const { violation, trace } = await simulate(seed);
      if (violation === undefined) continue;
      const { invariant, message } = violation;
      expect.fail(
        `seed ${seed} violates ${invariant}: ${message}\n${trace.slice(-shownLines).join("\n")}\n` +
          `again: node test/sim/main.ts --seed ${seed} --verbose`,
      );
    }
  },
);
