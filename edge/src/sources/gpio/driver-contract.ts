import assert from "node:assert/strict";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import type { InputLine, InputListener, Level, LineDriver, LinePlace } from "./line-driver.ts";

/** A chip with a driver under test, and what is wired to its lines. */
export interface LineBench {
  readonly driver: LineDriver;
  readonly chip: string;
  /** Whether each edge of a burst is told, with its time; otherwise only where it ends. */
  readonly tellsEachEdge: boolean;
  /** Whether an output stays as it is when it has been closed. */
  readonly keepsOutputs: boolean;
  /** Sets the level of an input from outside. */
  drive(offset: number, level: Level): Promise<void> | void;
  /** The level of an output, as what is wired to it sees it. */
  driven(offset: number): Level;
  /** Has something else hold a line; the result ends that. */
  hold(offset: number): Promise<() => Promise<void>>;
  /** Takes the chip away, and puts it back. */
  unplug(): Promise<void> | void;
  plug(): Promise<void> | void;
  /** What the process holds of the machine: open files, children. */
  held(): number;
}

export interface DriverCase {
  readonly name: string;
  run(bench: LineBench): Promise<void>;
}

/** Generous, since an emulated machine is slow. */
const patience_ms = 20_000;
const settled_ms = 300;

interface Heard {
  readonly levels: Level[];
  readonly edges_ms: (number | null)[];
  readonly lost: unknown[];
}

/** A line that is listened to. */
async function listen(
  bench: LineBench,
  offset: number,
): Promise<Heard & { readonly line: InputLine; readonly place: LinePlace }> {
  const heard: Heard = { levels: [], edges_ms: [], lost: [] };
  const listener: InputListener = {
    onLevel(level, edge_ms) {
      heard.levels.push(level);
      heard.edges_ms.push(edge_ms);
    },
    onLost: (error) => heard.lost.push(error),
  };
  const place = { chip: bench.chip, offset };
  return { ...heard, place, line: await bench.driver.openInput(place, listener) };
}

async function until(what: string, isSo: () => boolean, seen: () => unknown): Promise<void> {
  const end_ms = systemClock.monotonic() + patience_ms;
  while (!isSo()) {
    if (systemClock.monotonic() > end_ms) assert.fail(`waited in vain for ${what}: ${JSON.stringify(seen())}`);
    await pause(systemClock, 5);
  }
}

/** Writes a level and waits until it has been told. */
async function drive(bench: LineBench, heard: Heard, offset: number, level: Level): Promise<void> {
  await bench.drive(offset, level);
  await until(
    `level ${level}`,
    () => heard.levels.at(-1) === level,
    () => heard,
  );
}

const ignored = (): void => undefined;

/** What every driver must do; run on each, on real lines. */
export const driverCases: readonly DriverCase[] = [
  {
    name: "tells how a line stands by the time that it is open",
    async run(bench) {
      for (const level of [0, 1] as const) {
        await bench.drive(17, level);
        const { line, levels } = await listen(bench, 17);
        assert.deepEqual(levels, [level]);
        await line.close();
      }
      await bench.drive(17, 0);
    },
  },
  {
    name: "tells each change of a line, and none of another",
    async run(bench) {
      const { line, ...heard } = await listen(bench, 17);
      const other = await listen(bench, 27);
      for (const level of [1, 0, 1, 0] as const) await drive(bench, heard, 17, level);
      assert.deepEqual(heard.levels, [0, 1, 0, 1, 0]);
      assert.deepEqual(other.levels, [0]);
      await Promise.all([line.close(), other.line.close()]);
    },
  },
  {
    name: "ends a burst at the level that it ended at",
    async run(bench) {
      const { line, ...heard } = await listen(bench, 17);
      const flips = Array.from({ length: 9 }, (_, index): Level => (index % 2 === 0 ? 1 : 0));
      for (const level of flips) await bench.drive(17, level);
      await until(
        "the burst's end",
        () => heard.levels.at(-1) === 1,
        () => heard,
      );
      await pause(systemClock, settled_ms);
      assert.equal(heard.levels.at(-1), 1);
      if (bench.tellsEachEdge) {
        assert.deepEqual(heard.levels, [0, ...flips]);
        const edges_ms = heard.edges_ms.slice(1).map((edge_ms) => edge_ms ?? Number.NaN);
        assert.deepEqual(
          edges_ms,
          edges_ms.toSorted((x, y) => x - y),
        );
      }
      await drive(bench, heard, 17, 0);
      await line.close();
    },
  },
  {
    name: "tells the level when it is asked, and goes on listening",
    async run(bench) {
      const { line, ...heard } = await listen(bench, 17);
      await line.refresh();
      assert.deepEqual(heard.levels, [0, 0]);
      await line.probe();
      await drive(bench, heard, 17, 1);
      heard.levels.length = 0;
      await line.refresh();
      assert.deepEqual(heard.levels, [1]);
      await drive(bench, heard, 17, 0);
      await line.close();
    },
  },
  {
    name: "tells nothing more of a line that is closed, and can open it again",
    async run(bench) {
      const { line, ...heard } = await listen(bench, 17);
      await line.close();
      await bench.drive(17, 1);
      await pause(systemClock, settled_ms);
      assert.deepEqual([heard.levels, heard.lost], [[0], []]);
      const again = await listen(bench, 17);
      assert.deepEqual(again.levels, [1]);
      await drive(bench, again, 17, 0);
      await again.line.close();
    },
  },
  {
    name: "refuses a line that is not there, with what there is",
    async run(bench) {
      const listener = { onLevel: ignored, onLost: ignored };
      for (const place of [
        { chip: bench.chip, offset: 54 },
        { chip: "pinctrl-rp1", offset: 17 },
      ]) {
        const isMissing = { code: "gpio_line_missing", message: new RegExp(`${bench.chip} \\(54\\)`) };
        await assert.rejects(bench.driver.openInput(place, listener), isMissing);
        await assert.rejects(bench.driver.openOutput(place, 1, ignored), isMissing);
      }
    },
  },
  {
    name: "refuses a line that something else holds, until that lets go of it",
    async run(bench) {
      const release = await bench.hold(17);
      await assert.rejects(listen(bench, 17), /busy/i);
      await assert.rejects(bench.driver.openOutput({ chip: bench.chip, offset: 17 }, 1, ignored), /busy/i);
      await release();
      const { line } = await listen(bench, 17);
      await line.close();
    },
  },
  {
    name: "switches an output, which has its level from the opening on",
    async run(bench) {
      const place = { chip: bench.chip, offset: 5 };
      for (const first of [1, 0] as const) {
        const line = await bench.driver.openOutput(place, first, (error) => assert.fail(String(error)));
        assert.equal(bench.driven(5), first);
        for (const level of [1, 0, 1, 0, 0, 1, 1] as const) {
          await line.write(level);
          assert.equal(bench.driven(5), level);
        }
        await line.close();
        if (bench.keepsOutputs) assert.equal(bench.driven(5), 1);
      }
    },
  },
  {
    name: "notices a chip that is gone, and finds it when it is back",
    async run(bench) {
      const { line, ...heard } = await listen(bench, 17);
      const output = await bench.driver.openOutput({ chip: bench.chip, offset: 5 }, 1, ignored);
      await bench.unplug();
      await assert.rejects(async () => {
        await line.probe();
        await line.refresh();
      });
      await assert.rejects(output.write(0));
      await assert.rejects(listen(bench, 17));
      await Promise.allSettled([line.close(), output.close()]);
      assert.ok(heard.lost.length <= 1);
      await bench.plug();
      const again = await listen(bench, 17);
      await drive(bench, again, 17, 1);
      await drive(bench, again, 17, 0);
      await again.line.close();
    },
  },
  {
    name: "leaks nothing, whether lines are opened or refused",
    async run(bench) {
      const once = async (): Promise<void> => {
        const { line } = await listen(bench, 17);
        await line.refresh();
        await line.close();
        const output = await bench.driver.openOutput({ chip: bench.chip, offset: 5 }, 1, ignored);
        await output.close();
        await assert.rejects(listen(bench, 54));
      };
      await once();
      const before = bench.held();
      for (let round = 0; round < 5; round++) await once();
      await until(
        "all to be given back",
        () => bench.held() <= before,
        () => [before, bench.held()],
      );
    },
  },
];
