import { Writable } from "node:stream";
import type { Kind } from "@gengfu/shared/model/reading";
import { pause, systemClock, type Clock } from "@gengfu/shared/time/clock";
import { pino, type Logger } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Deliver, Message } from "../intake/message.ts";
import { CountingClock } from "../testing/counting-clock.ts";
import { Troubles } from "../troubles.ts";
import type { Source } from "./source.ts";

/** What the suite gives to a source under test. */
export interface SourceParts {
  readonly clock: Clock;
  readonly troubles: Troubles;
  readonly logger: Logger;
  /** Messages to hold while none is taken over; a source that has a bound of its own may leave it alone. */
  readonly messages_max: number;
}

/** What a provocation must lead to; what is left away may be anything. */
export interface Provoked {
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | null;
  readonly value?: number | null;
  readonly detail?: Message["detail"];
}

/** A source over its interface, real or scripted. */
export interface SourceRig {
  readonly source: Source;
  /** Makes the interface say something new, and tells what the source must deliver of it. */
  provoke(): Provoked | Promise<Provoked>;
  /** Brings about one of the harness's malfunctions. */
  break(malfunction: string): void | Promise<void>;
  /** Ends it. */
  mend(malfunction: string): void | Promise<void>;
  /** What the source holds of the interface at present: open lines, sockets, listeners, child processes. */
  held(): number;
  /** Takes the interface down after the test. */
  dispose?(): void | Promise<void>;
}

export interface SourceHarness {
  open(parts: SourceParts): SourceRig | Promise<SourceRig>;
  /** The ways in which the interface can fail, each of which the source must survive: unplugged, garbage. */
  readonly malfunctions: readonly string[];
  /**
   * How far the clock goes for each millisecond of real time, or a little more; 20 by default. Close to 1 where the
   * interface is real and takes its time.
   */
  readonly tick_ms?: number;
}

interface Delivery {
  readonly device: string;
  readonly message: Message;
  /** When it was measured by its age, by monotonic time. */
  readonly measured_ms: number;
}

const cycles = 1_000;
/** What is asked of a source that can be told its bound, and what one that can't must have dropped something after. */
const bound = 20;
const provocations_max = 5_000;
const patience_ms = 20_000;

/** What every source must do; run on each. */
export function describeSource(name: string, harness: SourceHarness): void {
  const { malfunctions, tick_ms = 20 } = harness;

  describe(`source contract: ${name}`, () => {
    let clock: CountingClock;
    let troubles: Troubles;
    let warnings: string[];
    let rig: SourceRig;
    /** Calls of `deliver`, whatever became of them. */
    let attempts: number;
    let accepted: Delivery[];
    let answer: () => Promise<void>;

    const deliver: Deliver = async (device, message) => {
      attempts += 1;
      await answer();
      accepted.push({ device, message, measured_ms: clock.monotonic() - (message.age ?? 0) });
    };
    const tick = async (): Promise<void> => {
      clock.advance(tick_ms);
      await pause(systemClock, 1);
    };
    const ticks = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) await tick();
    };
    const until = async (what: string, isSo: () => boolean): Promise<void> => {
      const end = systemClock.monotonic() + patience_ms;
      while (!isSo()) {
        if (systemClock.monotonic() > end) {
          const seen = { attempts, accepted: accepted.slice(-3), troubles: troubles.list(), warnings };
          throw new Error(`waited in vain for ${what}: ${JSON.stringify(seen)}`);
        }
        await tick();
      }
    };
    const expectNothingHeld = async (): Promise<void> => {
      expect(clock.pending).toBe(0);
      await until("all that is held to be given back", () => rig.held() === 0);
    };
    const tells = ({ device, message }: Delivery, provoked: Provoked): boolean =>
      device === provoked.device &&
      message.kind === provoked.kind &&
      message.channel === provoked.channel &&
      (provoked.value === undefined || message.value === provoked.value) &&
      (provoked.detail === undefined || JSON.stringify(message.detail) === JSON.stringify(provoked.detail));
    const provokeOne = async (): Promise<void> => {
      const before = accepted.length;
      const provoked = await rig.provoke();
      await until(`a delivery of ${JSON.stringify(provoked)}`, () =>
        accepted.slice(before).some((delivery) => tells(delivery, provoked)),
      );
    };

    const open = async (messages_max: number): Promise<SourceRig> => {
      const lines = new Writable({
        write(chunk: Buffer, _, done) {
          warnings.push(chunk.toString("utf8"));
          done();
        },
      });
      return harness.open({ clock, troubles, logger: pino({ level: "warn" }, lines), messages_max });
    };

    beforeEach(async () => {
      clock = new CountingClock();
      troubles = new Troubles();
      warnings = [];
      attempts = 0;
      accepted = [];
      answer = () => Promise.resolve();
      rig = await open(1_000);
    });
    afterEach(async () => {
      await rig.source.stop();
      await rig.dispose?.();
    });

    it("delivers what its interface says, and how long ago", async () => {
      await rig.source.start(deliver);
      for (let round = 0; round < 3; round++) await provokeOne();
      for (const { message } of accepted) expect(message.age ?? 0).toBeGreaterThanOrEqual(0);
      expect(troubles.list()).toEqual([]);
      expect(warnings).toEqual([]);
    });

    it("holds what is not taken over, repeats it until it is, and delivers nothing twice", async () => {
      await rig.source.start(deliver);
      await provokeOne();
      const before = accepted.length;
      answer = () => Promise.reject(new Error("full"));
      const provoked: Provoked[] = [];
      for (let round = 0; round < 3; round++) {
        const tried = attempts;
        provoked.push(await rig.provoke());
        await until("another attempt", () => attempts > tried);
        await ticks(5);
      }
      const since_ms = clock.monotonic();
      answer = () => Promise.resolve();
      await until("what was held", () => isWithin(provoked, accepted.slice(before)));
      const first = accepted.slice(before).find((delivery) => tells(delivery, provoked[0] as Provoked));
      expect(first?.measured_ms).toBeLessThan(since_ms);
      expect(rig.source.dropped).toBe(0);
      const keys = accepted.map(({ device, message: { kind, channel, value, detail }, measured_ms }) =>
        JSON.stringify([device, kind, channel, value, detail, Math.round(measured_ms)]),
      );
      expect(new Set(keys).size).toBe(keys.length);
    });

    it("counts what it drops at its bound, keeps what is newest, and remembers the count", async () => {
      await rig.dispose?.();
      rig = await open(bound);
      const gate = Promise.withResolvers<void>();
      answer = () => gate.promise;
      await rig.source.start(deliver);
      let last = await rig.provoke();
      await until("an attempt", () => attempts > 0);
      for (let round = 0; rig.source.dropped < 5; round++) {
        if (round > provocations_max) throw new Error(`nothing was dropped after ${round} readings`);
        last = await rig.provoke();
        await tick();
      }
      gate.resolve();
      await until("what was said last", () => accepted.some((delivery) => tells(delivery, last)));
      const { dropped } = rig.source;
      await rig.source.stop();
      expect(rig.source.dropped).toBeGreaterThanOrEqual(dropped);
    }, 60_000);

    it("hands on at its stop what it still holds, and delivers nothing after it", async () => {
      await rig.source.start(deliver);
      await provokeOne();
      answer = () => Promise.reject(new Error("full"));
      const tried = attempts;
      const held = await rig.provoke();
      await until("an attempt", () => attempts > tried);
      const before = accepted.length;
      answer = () => Promise.resolve();
      await rig.source.stop();
      const handed = attempts;
      await new Promise((resolve) => setImmediate(resolve));
      expect(accepted.slice(before).some((delivery) => tells(delivery, held))).toBe(true);
      await rig.provoke();
      await ticks(20);
      clock.advance(600_000);
      await ticks(5);
      expect(attempts).toBe(handed);
      await expectNothingHeld();
    });

    it("can be stopped while the intake hangs, and twice", async () => {
      answer = () => new Promise(() => undefined);
      await rig.source.start(deliver);
      await rig.provoke();
      await until("an attempt", () => attempts > 0);
      await rig.source.stop();
      await rig.source.stop();
      await expectNothingHeld();
    });

    it("starts again after a stop", async () => {
      for (let round = 0; round < 3; round++) {
        await rig.source.start(deliver);
        await provokeOne();
        await rig.source.stop();
      }
    });

    describe.each(malfunctions)("when its interface fails: %s", (malfunction) => {
      it.each(["while it runs", "before it starts"])(
        "says so once, goes on, and is well when that ends: %s",
        async (when) => {
          if (when === "while it runs") {
            await rig.source.start(deliver);
            await provokeOne();
            await rig.break(malfunction);
          } else {
            await rig.break(malfunction);
            await rig.source.start(deliver);
          }
          await until("a trouble", () => troubles.list().length > 0);
          await ticks(200);
          const said = troubles.list();
          expect(said).not.toEqual([]);
          for (const trouble of said) expect(trouble).toMatch(/\p{Script=Han}.*[a-z]{3}/su);
          expect(warnings).toHaveLength(said.length);
          await rig.mend(malfunction);
          await until("the trouble's end", () => troubles.list().length === 0);
          await provokeOne();
          expect(warnings).toHaveLength(said.length);
        },
      );

      it("stops while it lasts", async () => {
        await rig.source.start(deliver);
        await rig.break(malfunction);
        await until("a trouble", () => troubles.list().length > 0);
        await rig.source.stop();
        await expectNothingHeld();
        await rig.mend(malfunction);
      });
    });

    it("leaks nothing over a thousand starts and stops", async () => {
      const once = async (): Promise<void> => {
        await rig.source.start(deliver);
        clock.advance(tick_ms);
        await rig.source.stop();
        await expectNothingHeld();
      };
      for (let cycle = 0; cycle < 20; cycle++) await once();
      await ticks(20);
      const before = resources();
      for (let cycle = 0; cycle < cycles; cycle++) await once();
      await until("the end of what the event loop waits for", () => resources() <= before);
      expect(troubles.list()).toEqual([]);
    }, 60_000);

    function isWithin(wanted: readonly Provoked[], deliveries: readonly Delivery[]): boolean {
      let next = 0;
      for (const delivery of deliveries) {
        const provoked = wanted[next];
        if (provoked !== undefined && tells(delivery, provoked)) next += 1;
      }
      return next === wanted.length;
    }
  });
}

/** What keeps the event loop alive, but for the timers of whoever asks. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((type) => type !== "Timeout" && type !== "Immediate").length;
}
