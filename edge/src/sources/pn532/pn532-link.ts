import type { Clock } from "@gengfu/shared/time/clock";
import { ackFrame, encodeFrame, FrameParser, type Frame } from "./frame.ts";

export interface Pn532LinkOptions {
  readonly write: (bytes: Uint8Array) => void;
  readonly clock: Clock;
}

/** Why an exchange failed. */
export class LinkFault extends Error {
  override readonly name = "LinkFault";
}

interface Exchange {
  readonly code: number;
  readonly answered: PromiseWithResolvers<Uint8Array>;
}

/** Commands and answers over a serial line, one at a time. */
export class Pn532Link {
  readonly #options: Pn532LinkOptions;
  readonly #parser = new FrameParser();
  #exchange: Exchange | null = null;
  #end: Error | null = null;

  constructor(options: Pn532LinkOptions) {
    this.#options = options;
  }

  /** Takes bytes from the line. */
  receive(chunk: Uint8Array): void {
    for (const frame of this.#parser.push(chunk)) this.#take(frame);
  }

  /** The line is gone: what is under way fails, as will all that follows. */
  end(error: Error): void {
    this.#end ??= error;
    this.#exchange?.answered.reject(this.#end);
  }

  /** Sends a command; resolves with its answer, and rejects where that lacks, is damaged, or is a refusal. */
  async exchange(command: Uint8Array, within_ms: number, preamble: Uint8Array = new Uint8Array()): Promise<Uint8Array> {
    const { write, clock } = this.#options;
    if (this.#end !== null) throw this.#end;
    this.#parser.reset();
    const answered = Promise.withResolvers<Uint8Array>();
    this.#exchange = { code: ((command[0] ?? 0) + 1) & 0xff, answered };
    const cancel = clock.after(within_ms, () => {
      write(ackFrame);
      answered.reject(new LinkFault(`no answer within ${within_ms} ms`));
    });
    write(Buffer.concat([preamble, encodeFrame(command)]));
    try {
      return await answered.promise;
    } finally {
      cancel();
      this.#exchange = null;
    }
  }

  #take(frame: Frame): void {
    if (this.#exchange === null) return;
    const { code, answered } = this.#exchange;
    // what an aborted command still has to say is passed over, as is noise: the answer may follow
    if (frame.kind === "answer" && frame.data[0] === code) answered.resolve(frame.data);
    else if (frame.kind === "refusal") answered.reject(new LinkFault("the command was refused"));
    else if (frame.kind === "damaged" || frame.kind === "extended") {
      answered.reject(new LinkFault(`the answer is ${frame.kind}`));
    }
  }
}
