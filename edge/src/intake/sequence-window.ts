/** How far behind the highest seq of a stream repeats are known. */
export const window_seqs = 1_024;
const words = window_seqs / 32;

/** Which of a stream's last `window_seqs` numbers were seen: one bit for each, in a ring. */
export class SequenceWindow {
  readonly #seen = new Uint32Array(words);
  #highest = -1;

  /**
   * Remembers a seq; says whether it was there before. One from before the window is taken for new and not
   * remembered: rather a reading twice than one lost.
   */
  repeats(seq: number): boolean {
    if (seq > this.#highest) {
      this.#advance(seq);
      return false;
    }
    if (seq <= this.#highest - window_seqs) return false;
    const word = (seq % window_seqs) >>> 5;
    const bit = 1 << (seq % 32);
    const before = this.#seen[word] as number;
    this.#seen[word] = before | bit;
    return (before & bit) !== 0;
  }

  #advance(seq: number): void {
    if (seq - this.#highest >= window_seqs) this.#seen.fill(0);
    else for (let passed = this.#highest + 1; passed < seq; passed++) this.#set(passed, false);
    this.#set(seq, true);
    this.#highest = seq;
  }

  #set(seq: number, seen: boolean): void {
    const word = (seq % window_seqs) >>> 5;
    const bit = 1 << (seq % 32);
    this.#seen[word] = seen ? (this.#seen[word] as number) | bit : (this.#seen[word] as number) & ~bit;
  }
}
