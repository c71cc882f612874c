import { SequenceWindow } from "./sequence-window.ts";

/** Streams of a device in each of two generations; a stream is a kind, a channel and a boot. */
const generation_streams = 64;

/**
 * Which publishes with `boot` and `seq` were seen. Bounded for each device by itself, so that one that makes up boots
 * makes no other's repeats unknown: the streams unused longest are forgotten.
 */
export class SequenceMemory {
  readonly #devices = new Map<string, DeviceStreams>();

  /** Remembers a publish; says whether it was there before. */
  repeats(device: string, kind: string, channel: string | null, boot: number, seq: number): boolean {
    let streams = this.#devices.get(device);
    if (streams === undefined) {
      streams = new DeviceStreams();
      this.#devices.set(device, streams);
    }
    return streams.window(kind, channel, boot).repeats(seq);
  }
}

/** The streams of a device in two generations: what is not asked for while the young one fills up is forgotten. */
class DeviceStreams {
  #young = new Map<string, SequenceWindow>();
  #old = new Map<string, SequenceWindow>();
  /** The stream that was asked for last, which most devices ask for again. */
  #last: { readonly kind: string; readonly channel: string | null; readonly boot: number } | null = null;
  #lastWindow = new SequenceWindow();

  window(kind: string, channel: string | null, boot: number): SequenceWindow {
    const last = this.#last;
    if (last === null || last.boot !== boot || last.kind !== kind || last.channel !== channel) {
      this.#lastWindow = this.#find(channel === null ? `${kind}@${boot}` : `${kind}/${channel}@${boot}`);
      this.#last = { kind, channel, boot };
    }
    return this.#lastWindow;
  }

  #find(stream: string): SequenceWindow {
    const young = this.#young.get(stream);
    if (young !== undefined) return young;
    const window = this.#old.get(stream) ?? new SequenceWindow();
    if (this.#young.size >= generation_streams) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(stream, window);
    return window;
  }
}
