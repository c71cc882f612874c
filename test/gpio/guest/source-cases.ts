import assert from "node:assert/strict";
import { silentLogger } from "@gengfu/shared/logging";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { GpioSource } from "../../../edge/src/sources/gpio/gpio-source.ts";
import type { Level } from "../../../edge/src/sources/gpio/line-driver.ts";
import { loadDriver } from "../../../edge/src/sources/gpio/load-driver.ts";
import { gpioSchema } from "../../../edge/src/sources/gpio/schema.ts";
import { Troubles } from "../../../edge/src/troubles.ts";
import { until } from "../../support/until.ts";
import { children, endChildren, type RealDriver } from "./bench.ts";
import type { GuestCase } from "./guest-case.ts";
import type { SimChip } from "./sim-chip.ts";

interface Watching {
  readonly source: GpioSource;
  readonly values: (number | null)[];
  readonly troubles: Troubles;
}

/** The source on one line of the chip, by a driver. */
async function watch(
  driver: RealDriver,
  line: Record<string, unknown>,
  totals?: Map<string, number>,
): Promise<Watching> {
  const troubles = new Troubles();
  const values: (number | null)[] = [];
  const source = new GpioSource({
    config: gpioSchema.parse({ lines: [{ offset: 17, device: "panel", ...line }] }),
    loadDriver: () => loadDriver(driver, "inputs", systemClock),
    totals: totals ?? new Map(),
    troubles,
    clock: systemClock,
    logger: silentLogger,
  });
  await source.start((_, { value }) => {
    values.push(value);
    return Promise.resolve();
  });
  return { source, values, troubles };
}

/** What the source makes of lines that are real to it. */
export function sourceCases(driver: RealDriver): GuestCase[] {
  const waitFor = (what: string, { values, troubles }: Watching, isSo: () => boolean): Promise<unknown> =>
    until(what, isSo, { within_ms: 60_000, every_ms: 10, lastSeen: () => [values, troubles.list()] });

  async function flip(chip: SimChip, levels: readonly Level[], every_ms = 0): Promise<void> {
    for (const level of levels) {
      chip.pull(17, level);
      if (every_ms > 0) await pause(systemClock, every_ms);
    }
  }

  const all: GuestCase[] = [
    {
      name: "a contact's state at the start is a reading, and a bouncing closure is one more",
      async run(chip) {
        chip.pull(17, 1);
        const watching = await watch(driver, { meaning: "mains", active_low: true, debounce: "200ms" });
        assert.deepEqual(watching.values, [0]);
        await flip(chip, [0, 1, 0, 1, 0, 1, 0]);
        await waitFor("the closure", watching, () => watching.values.length > 1);
        await flip(chip, [1]);
        await waitFor("the opening", watching, () => watching.values.length > 2);
        assert.deepEqual(watching.values, [0, 1, 0]);
        await watching.source.stop();
      },
    },
    {
      name: "a flicker is none",
      async run(chip) {
        const watching = await watch(driver, { debounce: "500ms", repeat: "2s" });
        await flip(chip, [1, 0]);
        await waitFor("a repeat", watching, () => watching.values.length > 1);
        assert.deepEqual(watching.values.slice(0, 2), [0, 0]);
        await watching.source.stop();
      },
    },
    {
      name: "pulses are counted on from where the count stood",
      async run(chip) {
        const line = { kind: "count", debounce: "2ms" };
        const watching = await watch(driver, line, new Map([["panel/count/-", 22_000]]));
        for (let pulse = 1; pulse <= 3; pulse++) {
          await flip(chip, [1]);
          await waitFor("the pulse", watching, () => watching.values.at(-1) === 22_000 + pulse);
          await flip(chip, [0], 500);
        }
        await watching.source.stop();
        assert.equal(watching.values[0], 22_000);
        assert.equal(watching.values.at(-1), 22_003);
      },
    },
    {
      name: "a chip that is pulled out is a trouble, and is taken again when it is back",
      async run(chip) {
        const watching = await watch(driver, { repeat: "1s" });
        await endChildren();
        chip.unplug();
        await waitFor("the trouble", watching, () => watching.troubles.list().length > 0);
        chip.plug();
        chip.pull(17, 1);
        await waitFor("its end", watching, () => watching.troubles.list().length === 0);
        await waitFor("the state", watching, () => watching.values.at(-1) === 1);
        chip.pull(17, 0);
        await waitFor("a change", watching, () => watching.values.at(-1) === 0);
        await watching.source.stop();
      },
    },
    {
      name: "a line that chatters is a trouble",
      async run(chip) {
        const watching = await watch(driver, { debounce: "0ms", chatter_per_minute: 10 });
        await flip(
          chip,
          Array.from({ length: 60 }, (_, index) => ((index + 1) % 2) as Level),
          30,
        );
        await waitFor("the trouble", watching, () => watching.troubles.list().join().includes("频繁跳变"));
        assert.ok(watching.values.length < 20, `told ${watching.values.length} times`);
        await watching.source.stop();
        assert.deepEqual(watching.troubles.list(), []);
      },
    },
  ];
  if (driver === "sysfs") return all;
  return [
    ...all,
    {
      name: "pulses that come faster than anyone could ask are all counted",
      async run(chip) {
        const watching = await watch(driver, { kind: "count", debounce: "0ms" });
        for (let burst = 0; burst < 10; burst++) {
          await flip(chip, [1, 0, 1, 0, 1, 0, 1, 0]);
          await pause(systemClock, 100);
        }
        await waitFor("all of them", watching, () => watching.values.at(-1) === 40);
        await watching.source.stop();
        assert.equal(watching.values.at(-1), 40);
      },
    },
    {
      name: "a tool that dies is started again",
      async run(chip) {
        const watching = await watch(driver, {});
        const [tool] = children(process.pid);
        process.kill(tool ?? 0, "SIGKILL");
        await waitFor("the trouble", watching, () => watching.troubles.list().length > 0);
        await waitFor("its end", watching, () => watching.troubles.list().length === 0);
        chip.pull(17, 1);
        await waitFor("a change", watching, () => watching.values.at(-1) === 1);
        await watching.source.stop();
        assert.deepEqual(children(process.pid), []);
      },
    },
  ];
}
