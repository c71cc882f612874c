import type { TapResult } from "@gengfu/firmware-contracts/contract/payloads";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Deliver, Message, Origin } from "../intake/message.ts";
import type { CardDirectory } from "./card-directory.ts";
import type { TapsConfig } from "./schema.ts";
import type { TapAnswer } from "./tap-answer.ts";
import { TapRepeats, type Read } from "./tap-repeats.ts";

export interface TapGateOptions {
  readonly intake: {
    readonly deliver: Deliver;
    /** Counts the deliveries that it recognised as repeats. */
    readonly repeats: number;
  };
  readonly config: TapsConfig;
  readonly directory: CardDirectory;
  /** Tells whoever stands at the reader; resolves when that is said, and never rejects. */
  readonly tell: (reader: string, answer: TapAnswer) => Promise<void>;
  readonly clock: Clock;
  /** Epoch milliseconds, as good as the gateway knows them. */
  readonly now: () => number;
}

/** Whoever tapped longer ago has gone on: a carried reader's backlog needs no beeps. */
const answer_age_ms_max = 10_000;
/** A tap that is refused is tried again; only the first time is worth a word. */
const refusal_age_ms_max = 1_000;
/** A refused reader waits so long for its answer before the refusal ends its connection. */
const answer_timeout_ms = 1_000;

/**
 * Stands before the intake and makes one tap of the reads of one card within a short time. What it swallows is durable
 * once the first read is. Each tap is answered: it is the guard who stands there that needs to know.
 */
export class TapGate {
  readonly #options: TapGateOptions;
  /** `taken` is what the intake promised, by which reads that came together are answered in their order. */
  readonly #taps: TapRepeats<{ taken: Promise<void>; durable: Promise<void> }>;
  #swallowed = 0;

  constructor(options: TapGateOptions) {
    this.#options = options;
    this.#taps = new TapRepeats(options.config.repeat_within);
  }

  /** How many reads belonged to a tap that was there already. */
  get swallowed(): number {
    return this.#swallowed;
  }

  readonly deliver: Deliver = (reader, message, origin) => {
    const card = message.kind === "tap" ? uidOf(message) : undefined;
    return card === undefined
      ? this.#options.intake.deliver(reader, message, origin)
      : this.#tap(this.#read(reader, card, message), card, message, origin);
  };

  #tap(read: Read, card: string, message: Message, origin: Origin): Promise<void> {
    const { intake, clock } = this.#options;
    const known = this.#taps.find(read);
    if (known !== undefined) {
      this.#swallowed += 1;
      void this.#answer(read.reader, card, message, known.taken, true);
      return known.durable;
    }
    const repeatsBefore = intake.repeats;
    const taken = intake.deliver(read.reader, message, origin);
    const isRepeat = intake.repeats !== repeatsBefore;
    const answered = this.#answer(read.reader, card, message, taken, isRepeat);
    const durable = taken.catch(async (error: unknown) => {
      this.#taps.forget(read, tap);
      await Promise.race([answered, pause(clock, answer_timeout_ms)]);
      throw error;
    });
    const tap = { taken, durable };
    // one that was sent again may be from long ago
    if (!isRepeat) this.#taps.remember(read, tap);
    return durable;
  }

  async #answer(
    reader: string,
    card: string,
    message: Message,
    durable: Promise<void>,
    repeat: boolean,
  ): Promise<void> {
    const { directory, tell, clock, config, now } = this.#options;
    const age_ms = message.age ?? (message.at === null ? 0 : now() - message.at);
    const { isKnown, guard } = directory.recognise(message);
    const isTag = message.detail?.["tag"] !== undefined;
    let said: TapResult | null = null;
    const say = async (result: TapResult): Promise<void> => {
      const isOld = age_ms >= (result === "not_stored" ? refusal_age_ms_max : answer_age_ms_max);
      if (isOld || result === said) return;
      said = result;
      await tell(reader, { result, card, isTag, guard, repeat });
    };
    const cancel = clock.after(config.answer_within, () => void say("not_stored"));
    const result = await durable.then(
      (): TapResult => (isKnown ? "accepted" : "unknown_card"),
      (): TapResult => "not_stored",
    );
    cancel();
    await say(result);
  }

  #read(reader: string, card: string, { channel, detail, at, age, boot, seq }: Message): Read {
    const guard = detail?.["guard"] ?? "";
    return {
      reader,
      card: `${channel ?? ""}/${card}/${String(guard)}`,
      moment:
        at === null ? { by: "gateway", ms: this.#options.clock.monotonic() - (age ?? 0) } : { by: "device", ms: at },
      number: boot === null || seq === null ? null : `${boot}.${seq}`,
    };
  }
}

function uidOf({ detail }: Message): string | undefined {
  const uid = detail?.["card"] ?? detail?.["tag"];
  return typeof uid === "string" ? uid : undefined;
}
