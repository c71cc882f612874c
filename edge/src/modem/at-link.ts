import type { Clock } from "@gengfu/shared/time/clock";
import { AtParser, type AtEvent } from "./at-parser.ts";

export interface AtLinkOptions {
  readonly write: (bytes: Uint8Array) => void;
  readonly clock: Clock;
}

/** The modem does not answer, or is gone. */
export class ModemSilent extends Error {
  override readonly name = "ModemSilent";
}

/** The modem or the network refused. */
export class ModemRefusal extends Error {
  override readonly name = "ModemRefusal";
  readonly of: "command" | "cms" | "cme";
  /** Of 3GPP TS 27.005 3.2.5 or 27.007 9.2; null where there is none. */
  readonly code: number | null;

  constructor({ of, code, text }: Extract<AtEvent, { type: "error" }>) {
    super(text);
    this.of = of;
    this.code = code;
  }
}

interface Exchange {
  readonly lines: string[];
  readonly onPrompt: (() => void) | null;
  readonly done: PromiseWithResolvers<string[]>;
}

/** What the modem says to a PDU takes as long as the network does. */
const network_timeout_ms = 60_000;
/** Ends what the modem waits for without sending it. */
const escape = Uint8Array.of(0x1b);

/** Commands and answers over a serial line, one at a time. */
export class AtLink {
  readonly #options: AtLinkOptions;
  readonly #parser = new AtParser();
  #exchange: Exchange | null = null;
  #end: Error | null = null;

  constructor(options: AtLinkOptions) {
    this.#options = options;
  }

  /** Takes bytes from the line. */
  receive(chunk: Uint8Array): void {
    for (const event of this.#parser.push(chunk)) this.#take(event);
  }

  /** The line is gone: what is under way fails, as will all that follows. */
  end(error: Error): void {
    this.#end ??= error;
    this.#exchange?.done.reject(this.#end);
  }

  /** Resolves with the lines before OK; rejects with `ModemRefusal` or `ModemSilent`. */
  command(text: string, within_ms: number): Promise<string[]> {
    return this.#ask(text, within_ms, null);
  }

  /** Hands a message over; resolves once the network has taken it. */
  async submit(hex: string, length: number, within_ms: number): Promise<void> {
    let isAsked = false;
    try {
      await this.#ask(`AT+CMGS=${length}`, within_ms + network_timeout_ms, () => {
        if (isAsked) return;
        isAsked = true;
        this.#write(`${hex}\u001a`);
      });
    } catch (error) {
      // else it would take the next command for the message
      if (this.#end === null) this.#options.write(escape);
      throw error;
    }
  }

  async #ask(text: string, within_ms: number, onPrompt: (() => void) | null): Promise<string[]> {
    const { clock } = this.#options;
    if (this.#end !== null) throw this.#end;
    const done = Promise.withResolvers<string[]>();
    this.#exchange = { lines: [], onPrompt, done };
    const cancel = clock.after(within_ms, () => done.reject(new ModemSilent(`no answer to ${text.split("=")[0]}`)));
    this.#write(`${text}\r`);
    try {
      return await done.promise;
    } finally {
      cancel();
      this.#exchange = null;
    }
  }

  #write(text: string): void {
    this.#options.write(Buffer.from(text, "latin1"));
  }

  #take(event: AtEvent): void {
    // what comes unasked, or after its time, is nobody's answer
    if (this.#exchange === null) return;
    const { lines, onPrompt, done } = this.#exchange;
    if (event.type === "ok") done.resolve(lines);
    else if (event.type === "error") done.reject(new ModemRefusal(event));
    else if (event.type === "prompt") onPrompt?.();
    else if (event.type === "line" && lines.length < lines_max) lines.push(event.text);
  }
}

/** No command that is used answers with more. */
const lines_max = 50;
