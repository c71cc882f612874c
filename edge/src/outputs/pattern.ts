import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Output } from "./output.ts";

export interface Pattern {
  readonly times: number;
  readonly on_ms: number;
  /** Between two times on. */
  readonly off_ms: number;
}

/** Switches an output on for some times, such as for two beeps; it is off at the end, and as soon as `signal` aborts. */
export async function play(
  output: Output,
  { times, on_ms, off_ms }: Pattern,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  const isOver = (): boolean => signal?.aborted === true;
  try {
    for (let time = 0; time < times && !isOver(); time++) {
      if (time > 0) await pause(clock, off_ms, signal);
      if (isOver()) break;
      await output.set(true);
      await pause(clock, on_ms, signal);
      await output.set(false);
    }
  } finally {
    await output.set(false);
  }
}
