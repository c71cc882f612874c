import { type Clock, pause } from "@gengfu/shared/time/clock";
import { type Failure, failureOf } from "./http.ts";
import { liveEventOf } from "./shapes.ts";
import { createSseParser, type ServerEvent } from "./sse-parser.ts";
import type { LiveEvent } from "./types.ts";

export interface LiveStreamOptions {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly url: string;
  readonly clock: Clock;
  /** 0 to below 1; spreads the consoles of a site that lost the service together. */
  readonly entropy: () => number;
  /** The stream stands; what happened before it has to be fetched. */
  readonly onOpen: () => void;
  /** Bytes came, be it a comment only. */
  readonly onHeard: () => void;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onLost: (failure: Failure) => void;
}

/** Without a byte for so long a stream counts as dead: the service sends a comment far more often. */
export const dead_ms = 45_000;
const open_ms_max = 15_000;
const retry_ms = { first: 1_000, max: 15_000 } as const;

/**
 * The live stream, opened anew for as long as `run` goes on. It is read through fetch and not EventSource, since that
 * tells neither a 401 from a lost line nor a dead connection from a quiet site.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  #hurry: AbortController | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
  }

  /** Resolves when `signal` aborts or the session has ended (after `onLost("unauthorised")`). */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, entropy, onLost } = this.#options;
    let failed = 0;
    while (!signal.aborted) {
      const { opened, failure } = await this.#once(signal);
      if (signal.aborted) return;
      onLost(failure);
      if (failure === "unauthorised") return;
      failed = opened ? 0 : failed + 1;
      const wait_ms = Math.min(retry_ms.max, retry_ms.first * 2 ** failed);
      this.#hurry = linked(signal);
      await pause(clock, wait_ms * (0.5 + entropy() / 2), this.#hurry.signal);
    }
  }

  /** Tries again at once where it waits to: the browser says that the network is back. */
  hurry(): void {
    this.#hurry?.abort();
  }

  /** One connection, from its opening to its end; never throws. */
  async #once(outer: AbortSignal): Promise<{ opened: boolean; failure: Failure }> {
    const { fetch, url, clock, onOpen, onHeard } = this.#options;
    const connection = linked(outer);
    let cancel = clock.after(open_ms_max, () => connection.abort());
    const heard = (): void => {
      cancel();
      cancel = clock.after(dead_ms, () => connection.abort());
      onHeard();
    };
    let opened = false;
    try {
      const response = await fetch(url, {
        credentials: "same-origin",
        cache: "no-store",
        headers: { accept: "text/event-stream" },
        signal: connection.signal,
      });
      if (!response.ok || response.body === null) return { opened, failure: failureOf(response.status) };
      opened = true;
      heard();
      onOpen();
      const parse = createSseParser();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      // ends the wait for a byte that may never come; that the body is broken already is what the wait itself tells
      connection.signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined), { once: true });
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { opened, failure: connection.signal.aborted ? "timeout" : "unreachable" };
        heard();
        for (const event of parse(decoder.decode(value, { stream: true }))) this.#deliver(event);
      }
    } catch {
      return { opened, failure: connection.signal.aborted ? "timeout" : "unreachable" };
    } finally {
      cancel();
      connection.abort();
    }
  }

  #deliver({ name, data }: ServerEvent): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(data);
    } catch (error) {
      if (error instanceof SyntaxError) return;
      throw error;
    }
    const event = liveEventOf(name, parsed);
    if (event !== null) this.#options.onEvent(event);
  }
}

function linked(outer: AbortSignal): AbortController {
  const controller = new AbortController();
  if (outer.aborted) controller.abort();
  else outer.addEventListener("abort", () => controller.abort(), { once: true, signal: controller.signal });
  return controller;
}
