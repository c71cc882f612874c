import type { InputEvent } from "./input-events.ts";

// linux/input-event-codes.h
const evSyn = 0x00;
const evKey = 0x01;
const synDropped = 3;
const pressed = 1;
const enters: ReadonlySet<number> = new Set([28, 96]);
/** Shift, caps lock, num lock: what a reader holds down to type letters. */
const modifiers: ReadonlySet<number> = new Set([42, 54, 58, 69]);
const keys: ReadonlyMap<number, string> = new Map([
  ...Array.from("1234567890", (digit, index): [number, string] => [index + 2, digit]),
  ...[71, 72, 73, 75, 76, 77, 79, 80, 81, 82].map((code, index): [number, string] => [code, "7894561230"[index] ?? ""]),
  [30, "A"],
  [48, "B"],
  [46, "C"],
  [32, "D"],
  [18, "E"],
  [33, "F"],
]);
/** Stands for a key that no number has. */
const other = "?";

const chars_max = 64;
/** A reader types a number in some tenths of a second. */
const pause_ms_max = 1_000;

/** Makes lines of the keys that a reader types: digits and A to F, ended by Enter. */
export class TypedLine {
  #text = "";
  #isBroken = false;
  #last_ms = -Infinity;

  /** Takes an event that came at `now_ms`, monotonic; answers with a line that it ended. */
  take({ type, code, value }: InputEvent, now_ms: number): string | null {
    // the kernel had no room for what lies between
    if (type === evSyn && code === synDropped) this.#isBroken = true;
    if (type !== evKey || value !== pressed || modifiers.has(code)) return null;
    if (now_ms - this.#last_ms > pause_ms_max) this.#reset();
    this.#last_ms = now_ms;
    if (!enters.has(code)) {
      if (this.#text.length < chars_max) this.#text += keys.get(code) ?? other;
      return null;
    }
    const line = this.#isBroken ? `${this.#text}${other}` : this.#text;
    this.#reset();
    return line === "" ? null : line;
  }

  #reset(): void {
    this.#text = "";
    this.#isBroken = false;
  }
}
