import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { Wakeup } from "@gengfu/shared/wakeup";
import { closeSerialPort, openSerialPort } from "../serial/serial-port.ts";
import type { Troubles } from "../troubles.ts";
import { AtLink, ModemRefusal, ModemSilent } from "./at-link.ts";
import { faultOf, numberIn, troubleOf, type ModemFault } from "./modem-state.ts";
import { submitPdus } from "./pdu.ts";
import type { ModemConfig } from "./schema.ts";

export interface ModemOptions {
  readonly config: ModemConfig;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often it is asked for its SIM, network and signal; each minute by default. */
  readonly look_every_ms?: number;
  readonly reopen_ms?: number;
}

/** Who can send a text to a phone. */
export interface Texter {
  /** Resolves once the network has it; rejects with GengfuError `sms_failed`, `retryable` where it may go later. */
  send(number: string, text: string): Promise<void>;
}

const subject = "modem";
const answer_timeout_ms = 5_000;
/** An alarm of yesterday wakes nobody to any purpose. */
const validity_minutes = 360;
/** Texts that wait for the modem; whoever sends holds more than this itself. */
const jobs_max = 100;

/**
 * Codes for which another attempt would be refused, too: the number is wrong or barred, or the message malformed
 * (3GPP TS 24.011 annex E.2 and 27.005 3.2.5).
 */
const permanent: ReadonlySet<number> = new Set([1, 8, 10, 28, 29, 30, 50, 69, 95, 96, 97, 304, 305]);

interface Job {
  readonly number: string;
  readonly text: string;
  readonly done: PromiseWithResolvers<void>;
}

/** A GSM or LTE modem at a serial port that sends texts, one at a time; it is opened again for as long as it lacks. */
export class Modem implements Texter {
  readonly #options: ModemOptions;
  readonly #jobs: Job[] = [];
  readonly #news = new Wakeup();
  #stopping = new AbortController();
  #running = Promise.resolve();
  #reference = 0;
  #fault: ModemFault | null = null;

  constructor(options: ModemOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#failAll("the gateway is stopping");
    this.#options.troubles.set(subject, null);
    this.#fault = null;
  }

  send(number: string, text: string): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.reject(failed("the gateway is stopping", true));
    if (this.#jobs.length >= jobs_max) return Promise.reject(failed("too many texts wait for the modem", true));
    const done = Promise.withResolvers<void>();
    this.#jobs.push({ number, text, done });
    this.#news.wake();
    return done.promise;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { config, clock, reopen_ms = 2_000 } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#use(signal);
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        // a modem that refuses AT itself is one that doesn't answer as it should
        const isThere = error instanceof ModemSilent || error instanceof ModemRefusal;
        this.#report(isThere ? "silent" : "unreachable", reason);
        this.#failAll(`the modem at ${config.port}: ${reason}`);
      }
      await pause(clock, reopen_ms, signal);
    }
  }

  /** One connection: rejects when it is lost or the modem falls silent. */
  async #use(signal: AbortSignal): Promise<void> {
    const { config, clock, logger, look_every_ms = 60_000 } = this.#options;
    const port = await openSerialPort({ path: config.port, baudRate: config.baud });
    const link = new AtLink({ write: (bytes) => void port.write(bytes), clock });
    const stop = (): void => link.end(new Error("the gateway is stopping"));
    signal.addEventListener("abort", stop, { once: true });
    port.on("data", (chunk: Buffer) => link.receive(chunk));
    const lose = (error: Error): void => {
      link.end(error);
      this.#news.wake();
    };
    port.on("error", lose);
    port.on("close", () => lose(new Error("the port is gone")));
    try {
      if (signal.aborted) return;
      await begin(link);
      await this.#look(link);
      logger.info({ port: config.port }, "the modem is ready");
      let looked_ms = clock.monotonic();
      while (!signal.aborted) {
        const job = this.#jobs.shift();
        if (job !== undefined) {
          await this.#send(link, job);
          continue;
        }
        const left_ms = looked_ms + look_every_ms - clock.monotonic();
        if (left_ms > 0) await this.#news.wait(clock, left_ms, signal);
        else {
          await this.#look(link);
          looked_ms = clock.monotonic();
        }
        if (!port.isOpen) throw new Error("the port is gone");
      }
    } finally {
      signal.removeEventListener("abort", stop);
      await closeSerialPort(port);
    }
  }

  /** Rejects only where the line is gone; what the network refuses is its sender's. */
  async #send(link: AtLink, { number, text, done }: Job): Promise<void> {
    this.#reference = (this.#reference + 1) % 256;
    try {
      for (const { hex, length } of submitPdus({ number, text, reference: this.#reference, validity_minutes })) {
        await link.submit(hex, length, answer_timeout_ms);
      }
      done.resolve();
    } catch (error) {
      const isRefused = error instanceof ModemRefusal;
      const isForGood = isRefused && error.of === "cms" && error.code !== null && permanent.has(error.code);
      done.reject(failed(messageOf(error), !isForGood, error));
      if (!isRefused) throw error;
      await this.#look(link);
    }
  }

  /** Asks for what stands in the way of messages. */
  async #look(link: AtLink): Promise<void> {
    const ask = async (text: string): Promise<string[]> => {
      try {
        return await link.command(text, answer_timeout_ms);
      } catch (error) {
        if (error instanceof ModemRefusal) return [error.message];
        throw error;
      }
    };
    const [pin = ""] = await ask("AT+CPIN?");
    const sim = pin.replace(/^\+CPIN:\s*/, "");
    const registrations = [
      numberIn(await ask("AT+CREG?"), "+CREG:", 1) ?? 0,
      numberIn(await ask("AT+CEREG?"), "+CEREG:", 1) ?? 0,
    ];
    const rssi = numberIn(await ask("AT+CSQ"), "+CSQ:", 0) ?? null;
    this.#report(faultOf({ sim, registrations, rssi }), sim);
  }

  #report(fault: ModemFault | null, reason: string): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    const { troubles, logger, config } = this.#options;
    const trouble = fault === null ? null : troubleOf(fault, config.port, reason);
    troubles.set(subject, trouble);
    if (trouble === null) logger.info("the modem can send");
    else logger.warn({ fault, reason }, trouble.en);
  }

  #failAll(reason: string): void {
    for (const { done } of this.#jobs.splice(0)) done.reject(failed(reason, true));
  }
}

/** Echo off, errors by number, messages as PDUs. */
async function begin(link: AtLink): Promise<void> {
  // the first may be lost to a modem that finds the rate, or that still waits for a message
  try {
    await link.command("\u001bAT", 1_000);
  } catch (error) {
    if (!(error instanceof ModemSilent || error instanceof ModemRefusal)) throw error;
    await link.command("AT", answer_timeout_ms);
  }
  for (const command of ["ATE0", "AT+CMEE=1", "AT+CMGF=0"]) await link.command(command, answer_timeout_ms);
}

function failed(message: string, retryable: boolean, cause?: unknown): GengfuError {
  return new GengfuError("sms_failed", message, { retryable, ...(cause === undefined ? {} : { cause }) });
}
