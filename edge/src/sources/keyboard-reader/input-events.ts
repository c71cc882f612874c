/** One `struct input_event` of the kernel (linux/input.h), without its time. */
export interface InputEvent {
  readonly type: number;
  readonly code: number;
  readonly value: number;
}

/** Processors on which a process has longs of 4 bytes, of which two are the event's time. */
const narrow: readonly string[] = ["arm", "ia32", "mipsel", "ppc"];

/** Bytes of an event on a processor as `process.arch` names it: 24, or 16 where a long has 4 bytes. */
export function eventBytes(arch: string): 16 | 24 {
  return narrow.includes(arch) ? 16 : 24;
}

/** Takes events out of what is read of an input device, however that is cut. Holds less than one event. */
export class InputEventParser {
  readonly #bytes: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(bytes: 16 | 24) {
    this.#bytes = bytes;
  }

  push(chunk: Uint8Array): InputEvent[] {
    const all = Buffer.concat([this.#held, chunk]);
    const events: InputEvent[] = [];
    let at = 0;
    for (; at + this.#bytes <= all.length; at += this.#bytes) {
      const field = at + this.#bytes - 8;
      events.push({
        type: all.readUInt16LE(field),
        code: all.readUInt16LE(field + 2),
        value: all.readInt32LE(field + 4),
      });
    }
    this.#held = all.subarray(at);
    return events;
  }
}
