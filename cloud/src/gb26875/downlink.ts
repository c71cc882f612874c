import { pause, type Clock } from "@gengfu/shared/time/clock";
import { command, type Frame } from "./frame.ts";

/** Clause 6.5: an answer is due within 10 s, and what was not answered is sent again three times. */
export const answer_ms_max = 10_000;
export const resends = 3;

/** gone: the connection ended before. */
export type Outcome = "acknowledged" | "denied" | "unanswered" | "gone";

export interface DownlinkOptions {
  readonly clock: Clock;
  /** Sends a frame with this serial, command and data. */
  readonly send: (serial: number, command: number, data: Uint8Array) => void;
  /** Aborted when the connection has ended. */
  readonly gone: AbortSignal;
}

/** What the centre sends of its own accord on one connection, one after the other, each until it is answered. */
export class Downlink {
  readonly #options: DownlinkOptions;
  #serial = 0;
  #last: Promise<unknown> = Promise.resolve();
  #open: { readonly serial: number; readonly settle: (outcome: Outcome) => void } | undefined;

  constructor(options: DownlinkOptions) {
    this.#options = options;
  }

  control(data: Uint8Array): Promise<Outcome> {
    return this.#queue(command.control, data);
  }

  request(data: Uint8Array): Promise<Outcome> {
    return this.#queue(command.request, data);
  }

  /** A frame that answers one of ours; says whether it was one that was waited for. */
  settle({ serial, command: what }: Frame): boolean {
    if (this.#open?.serial !== serial) return false;
    this.#open.settle(what === command.deny ? "denied" : "acknowledged");
    return true;
  }

  #queue(what: number, data: Uint8Array): Promise<Outcome> {
    const outcome = this.#last.then(() => this.#ask(what, data));
    this.#last = outcome;
    return outcome;
  }

  async #ask(what: number, data: Uint8Array): Promise<Outcome> {
    const { clock, send, gone } = this.#options;
    const serial = (this.#serial = (this.#serial + 1) & 0xff_ff);
    let outcome: Outcome = "gone";
    for (let sent = 0; sent <= resends && !gone.aborted; sent++) {
      const answer = this.#answer(serial);
      send(serial, what, data);
      outcome = await answer;
      if (outcome === "acknowledged") return outcome;
      // clause 6.2 sends again what was denied, too; at once it would be denied at once
      if (outcome === "denied" && sent < resends) await pause(clock, answer_ms_max, gone);
    }
    return gone.aborted ? "gone" : outcome;
  }

  async #answer(serial: number): Promise<Outcome> {
    const { clock, gone } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#open = { serial, settle: resolve };
    const leave = (): void => resolve("gone");
    gone.addEventListener("abort", leave);
    const cancel = clock.after(answer_ms_max, () => resolve("unanswered"));
    try {
      return await promise;
    } finally {
      cancel();
      gone.removeEventListener("abort", leave);
      this.#open = undefined;
    }
  }
}
