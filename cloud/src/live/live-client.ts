/** Where a watcher's stream goes: a response that is kept open. */
export interface LiveSink {
  /** False while the other side does not read as fast; `onDrain` then says when it goes on. */
  write(text: string): boolean;
  onDrain(listener: () => void): void;
  /** Ends the stream in good order. */
  end(): void;
  /** Cuts it off. */
  destroy(): void;
}

export const clientLimits = {
  /** Samples kept for a client that reads slowly, one for each series; beyond it the oldest goes. */
  samples_max: 2_000,
  /** Characters of events that wait for a client; beyond it it is cut off, since it would miss some. */
  events_chars_max: 8_000_000,
  /** Heartbeats that may find a client still not reading. */
  heartbeats_max: 4,
} as const;

/** One watcher. What it can't take at once waits: events in full, samples with the newest of each series. */
export class LiveClient {
  readonly #sink: LiveSink;
  readonly #tooSlow: () => void;
  readonly #samples = new Map<string, string>();
  #events: string[] = [];
  #eventsChars = 0;
  #blocked = false;
  #blockedHeartbeats = 0;
  #ended = false;
  #dropped = 0;

  constructor(sink: LiveSink, tooSlow: () => void) {
    this.#sink = sink;
    this.#tooSlow = tooSlow;
    sink.onDrain(() => this.#drained());
  }

  /** Samples dropped since it was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  event(text: string): void {
    if (this.#ended) return;
    if (!this.#blocked) {
      this.#write(text);
      return;
    }
    this.#events.push(text);
    this.#eventsChars += text.length;
    if (this.#eventsChars > clientLimits.events_chars_max) this.#cutOff();
  }

  sample(series: string, text: string): void {
    if (this.#ended) return;
    if (!this.#blocked) {
      this.#write(text);
      return;
    }
    this.#samples.delete(series);
    this.#samples.set(series, text);
    if (this.#samples.size <= clientLimits.samples_max) return;
    const oldest = this.#samples.keys().next();
    if (oldest.done !== true) this.#samples.delete(oldest.value);
    this.#dropped += 1;
  }

  comment(text: string, fields = ""): void {
    if (!this.#ended) this.#write(`${fields}: ${text}\n\n`);
  }

  /** Keeps proxies from closing the stream, and finds the clients that have stopped reading. */
  heartbeat(): void {
    if (this.#ended) return;
    if (!this.#blocked) {
      this.comment("still here");
      return;
    }
    this.#blockedHeartbeats += 1;
    if (this.#blockedHeartbeats >= clientLimits.heartbeats_max) this.#cutOff();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end();
  }

  #write(text: string): void {
    if (!this.#sink.write(text)) this.#blocked = true;
  }

  #drained(): void {
    this.#blocked = false;
    this.#blockedHeartbeats = 0;
    const events = this.#events;
    this.#events = [];
    this.#eventsChars = 0;
    for (const text of events) this.event(text);
    for (const [series, text] of this.#samples) {
      if (this.#blocked) return;
      this.#samples.delete(series);
      this.#write(text);
    }
  }

  #cutOff(): void {
    this.#ended = true;
    this.#events = [];
    this.#samples.clear();
    this.#sink.destroy();
    this.#tooSlow();
  }
}
