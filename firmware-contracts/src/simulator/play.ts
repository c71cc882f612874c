import type { Site } from "@gengfu/shared/model/site";
import type { Measurement } from "./moment.ts";
import type { Course, Scenario } from "./scenario.ts";
import { createWorld, momentOf, pressEveryPanel, step_ms_max, stepOnce, type World } from "./world.ts";

/** What the devices' connections are to do. */
export type Happening =
  | { readonly type: "measured"; readonly measurement: Measurement }
  | { readonly type: "rebooted"; readonly device: string };

export interface PlayOptions {
  readonly site: Site;
  readonly scenario: Scenario;
  /** Time of the day at the site when it begins, milliseconds since midnight. */
  readonly began_ms: number;
  readonly seed: number;
  /** How finely time is cut, at most 1,000 ms; a part of what makes two runs the same. */
  readonly step_ms?: number;
}

/**
 * A scenario on a site, without network and clock: the same options and the same times give the same happenings, in the
 * same order. `advance` moves time and answers what happened meanwhile.
 */
export class Play {
  readonly #course: Course;
  readonly #step_ms: number;
  #world: World;
  #owed_ms = 0;

  constructor({ site, scenario, began_ms, seed, step_ms = 250 }: PlayOptions) {
    this.#world = createWorld(site, began_ms, seed);
    this.#course = scenario.create(this.#world);
    this.#step_ms = Math.min(step_ms, step_ms_max);
  }

  /** Time since the beginning, milliseconds of the world. */
  get elapsed_ms(): number {
    return this.#world.elapsed_ms;
  }

  /** Time goes in whole steps; what is left over counts next time, so that no caller's pace changes what happens. */
  advance(dt_ms: number): Happening[] {
    this.#owed_ms += dt_ms;
    const happenings: Happening[] = [];
    for (; this.#owed_ms >= this.#step_ms; this.#owed_ms -= this.#step_ms) {
      const { disturb, distort, reboots } = this.#course;
      const moment = momentOf(this.#world, this.#step_ms);
      for (const device of reboots?.(moment) ?? []) happenings.push({ type: "rebooted", device });
      const { world, measurements } = stepOnce(disturb?.(this.#world, moment) ?? this.#world, this.#step_ms);
      this.#world = world;
      for (const measurement of distort?.(measurements, moment) ?? measurements) {
        happenings.push({ type: "measured", measurement });
      }
    }
    return happenings;
  }

  /** Closes a channel of every fire panel, for so long in the world's time. */
  press(channel: string, duration_ms: number): void {
    this.#world = pressEveryPanel(this.#world, channel, duration_ms);
  }
}
