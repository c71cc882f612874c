import { identifier } from "@gengfu/shared/model/identifier";
import type { TapResult } from "@gengfu/firmware-contracts/contract/payloads";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import { z } from "zod";
import type { Outputs } from "../outputs/output.ts";
import { play, type Pattern } from "../outputs/pattern.ts";

/** Part of a wired reader's configuration. */
export const signalsSchema = z
  .strictObject({
    green: identifier.optional().describe("Output that is on for a second when a tap is accepted."),
    buzzer: identifier
      .optional()
      .describe(
        "Output that beeps: once briefly for a tap that is accepted, twice for an unknown card, thrice long for one that was not stored.",
      ),
    red: identifier.optional().describe("Output that blinks where the buzzer beeps twice or thrice."),
  })
  .describe("Outputs, of those under gpio.outputs, that tell whoever stands at the reader.");
export type SignalsConfig = z.output<typeof signalsSchema>;

type Lamp = keyof SignalsConfig;

const short: Pattern = { times: 1, on_ms: 100, off_ms: 0 };
const twice: Pattern = { times: 2, on_ms: 150, off_ms: 150 };
const thrice: Pattern = { times: 3, on_ms: 600, off_ms: 300 };

const patterns: Readonly<Record<TapResult, Partial<Record<Lamp, Pattern>>>> = {
  accepted: { green: { times: 1, on_ms: 1_000, off_ms: 0 }, buzzer: short },
  unknown_card: { red: twice, buzzer: twice },
  not_stored: { red: thrice, buzzer: thrice },
};

export interface ReaderSignalsOptions {
  /** By reader. */
  readonly signals: ReadonlyMap<string, SignalsConfig>;
  readonly outputs: Outputs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Lights and beeps at wired readers. A new answer ends the one before: it is the newest tap that someone waits for. */
export class ReaderSignals {
  readonly #options: ReaderSignalsOptions;
  readonly #log: RepeatLog;
  #isOver = false;
  readonly #playing = new Map<string, { stop: AbortController; over: Promise<void> }>();

  constructor(options: ReaderSignalsOptions) {
    this.#options = options;
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  /** Begins to show an answer at a reader that has lights or a buzzer; others it knows nothing of. */
  show(reader: string, result: TapResult): void {
    const config = this.#options.signals.get(reader);
    if (config === undefined || this.#isOver) return;
    const before = this.#playing.get(reader);
    before?.stop.abort();
    const stop = new AbortController();
    const over = this.#play(reader, config, result, stop.signal, before?.over ?? Promise.resolve());
    this.#playing.set(reader, { stop, over });
  }

  /** Ends whatever is shown, for good; resolves with every output off. */
  async stop(): Promise<void> {
    this.#isOver = true;
    for (const { stop } of this.#playing.values()) stop.abort();
    await Promise.all([...this.#playing.values()].map(({ over }) => over));
    this.#playing.clear();
  }

  async #play(
    reader: string,
    config: SignalsConfig,
    result: TapResult,
    signal: AbortSignal,
    before: Promise<void>,
  ): Promise<void> {
    const { outputs, clock } = this.#options;
    await before;
    const pattern = patterns[result];
    const lamps = (Object.keys(pattern) as Lamp[]).map(async (lamp) => {
      const output = outputs.get(config[lamp] ?? "");
      const shown = pattern[lamp];
      if (output === undefined || shown === undefined || signal.aborted) return;
      try {
        await play(output, shown, clock, signal);
      } catch (error) {
        const context = { reader, output: output.name, reason: messageOf(error) };
        this.#log.warn(`signal ${output.name}`, context, "a reader's light or buzzer can't be switched");
      }
    });
    await Promise.all(lamps);
  }
}
