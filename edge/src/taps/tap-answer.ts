import type { TapAnswerPayload, TapResult } from "@gengfu/firmware-contracts/contract/payloads";
import type { Person } from "@gengfu/shared/model/site";

export interface TapAnswer {
  readonly result: TapResult;
  /** UID in upper case hex; of the place's tag where the reader is carried. */
  readonly card: string;
  readonly isTag: boolean;
  readonly guard: Person | undefined;
  /** Set where the tap was known already. */
  readonly repeat: boolean;
}

/** The answer as a reader on MQTT gets it, on its topic `feedback`. */
export function answerPayload({ result, card, isTag, guard, repeat }: TapAnswer): Buffer {
  const who = guard === undefined ? {} : { guard: guard.id, guard_name: guard.name.zh };
  const uid = isTag ? { tag: card } : { card };
  const payload: TapAnswerPayload = { result, ...uid, ...who, ...(repeat ? { repeat } : {}) };
  return Buffer.from(JSON.stringify(payload), "utf8");
}
