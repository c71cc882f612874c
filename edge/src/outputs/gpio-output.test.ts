import { ManualClock } from "@gengfu/shared/time/clock";
import { silentLogger } from "@gengfu/shared/logging";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { gpioSchema } from "../sources/gpio/schema.ts";
import { FakeGpio } from "../testing/fake-gpio.ts";
import { Troubles } from "../troubles.ts";
import { createOutputs, type RunningOutputs } from "./create-outputs.ts";
import type { Output } from "./output.ts";
import { play } from "./pattern.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let gpio: FakeGpio;
let clock: ManualClock;
let troubles: Troubles;
beforeEach(() => {
  gpio = new FakeGpio();
  clock = new ManualClock();
  troubles = new Troubles();
});

function create(...configured: Record<string, unknown>[]): RunningOutputs {
  const config = gpioSchema.parse({ outputs: configured });
  const load = () => Promise.resolve({ driver: gpio });
  return createOutputs({ gpio: config }, { troubles, clock, child: () => silentLogger, load });
}

function get({ outputs }: RunningOutputs, name: string): Output {
  const output = outputs.get(name);
  if (output === undefined) throw new Error(`no output ${name}`);
  return output;
}

describe("outputs", () => {
  it("are safe at the start, are switched by name, and are safe again at the end", async () => {
    const all = create(
      { name: "siren", offset: 5 },
      { name: "relay", offset: 6, active_low: true },
      { name: "valve", offset: 13, safe: "on" },
    );
    await all.start();
    const levels = () => [5, 6, 13].map((offset) => gpio.levels.get(offset));
    expect(levels()).toEqual([0, 1, 1]);
    await get(all, "siren").set(true);
    await get(all, "relay").set(true);
    await get(all, "valve").set(false);
    expect(levels()).toEqual([1, 0, 0]);
    await all.stop();
    expect([levels(), gpio.held]).toEqual([[0, 1, 1], 0]);
  });

  it("are made safe also where the process ends without stopping anything", async () => {
    const before = process.listeners("exit").length;
    const all = create({ name: "siren", offset: 5 });
    await all.start();
    await get(all, "siren").set(true);
    process.listeners("exit").at(-1)?.(0);
    expect(gpio.levels.get(5)).toBe(0);
    await all.stop();
    expect(process.listeners("exit")).toHaveLength(before);
  });

  it("refuse to be switched before the start and after the end", async () => {
    const all = create({ name: "siren", offset: 5 });
    const refused = { code: "output_unavailable", retryable: true };
    await expect(get(all, "siren").set(true)).rejects.toMatchObject(refused);
    await all.start();
    await all.stop();
    await expect(get(all, "siren").set(true)).rejects.toMatchObject(refused);
    expect(gpio.levels.get(5)).toBe(0);
  });

  it("reject while their line can't be had, say so, and are set as last wanted when it can", async () => {
    gpio.failing = new Error("EIO");
    const all = create({ name: "siren", offset: 5 });
    await all.start();
    expect(troubles.list()).toEqual([expect.stringMatching(/输出 siren.*无法控制.*can't be switched: EIO/)]);
    await expect(get(all, "siren").set(true)).rejects.toThrow("EIO");
    gpio.failing = null;
    clock.advance(5_000);
    await turn();
    expect([gpio.levels.get(5), troubles.list()]).toEqual([1, []]);
    await all.stop();
  });

  it("leak nothing over a thousand starts and stops, whether their line can be had or not", async () => {
    const all = create({ name: "siren", offset: 5 });
    const listeners = process.listeners("exit").length;
    for (let round = 0; round < 1_000; round++) {
      gpio.failing = round % 3 === 0 ? new Error("EIO") : null;
      await all.start();
      await get(all, "siren")
        .set(true)
        .catch(() => undefined);
      await all.stop();
      expect([gpio.held, troubles.list(), process.listeners("exit").length]).toEqual([0, [], listeners]);
    }
    gpio.failing = null;
    const before = gpio.written.length;
    clock.advance(60_000);
    await turn();
    expect(gpio.written).toHaveLength(before);
  });

  it("end as they were set last, in whatever order it comes, and however often the hardware refuses", async () => {
    const step = fc.record({ on: fc.boolean(), isBroken: fc.boolean(), waits: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        gpio = new FakeGpio();
        const all = create({ name: "siren", offset: 5 });
        await all.start();
        for (const { on, isBroken, waits } of steps) {
          gpio.failing = isBroken ? new Error("EIO") : null;
          const done = get(all, "siren")
            .set(on)
            .catch(() => undefined);
          if (waits) await done;
        }
        await turn();
        gpio.failing = null;
        clock.advance(5_000);
        await turn();
        expect(gpio.levels.get(5)).toBe(steps.at(-1)?.on === true ? 1 : 0);
        await all.stop();
      }),
    );
  });

  it("without any need no driver", async () => {
    const all = createOutputs(
      {},
      { troubles, clock, child: () => silentLogger, load: () => Promise.reject(new Error("asked for a driver")) },
    );
    await all.start();
    await all.stop();
    expect(all.outputs.size).toBe(0);
  });
});

describe("a pattern", () => {
  it("beeps twice and is off at the end", async () => {
    const all = create({ name: "buzzer", offset: 5 });
    await all.start();
    gpio.written.length = 0;
    const beeps: [number, number][] = [];
    const done = play(get(all, "buzzer"), { times: 2, on_ms: 100, off_ms: 50 }, clock).then(() => "over");
    for (let time_ms = 0; time_ms < 400; time_ms += 10) {
      await turn();
      beeps.push(...gpio.written.splice(0).map(([, level]): [number, number] => [time_ms, level]));
      clock.advance(10);
    }
    expect(await done).toBe("over");
    expect(beeps).toEqual([
      [0, 1],
      [100, 0],
      [150, 1],
      [250, 0],
    ]);
    await all.stop();
  });

  it("is off as soon as it is ended", async () => {
    const all = create({ name: "buzzer", offset: 5 });
    await all.start();
    const end = new AbortController();
    const done = play(get(all, "buzzer"), { times: 1_000, on_ms: 60_000, off_ms: 50 }, clock, end.signal);
    await turn();
    expect(gpio.levels.get(5)).toBe(1);
    end.abort();
    await done;
    expect(gpio.levels.get(5)).toBe(0);
    await all.stop();
  });
});
