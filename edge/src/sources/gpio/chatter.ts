const window_ms = 60_000;

/** Recognises a line that changes more often than a contact can mean it. */
export class Chatter {
  readonly #changes_max: number;
  #window_began_ms: number | null = null;
  #changes = 0;
  #is = false;

  /** Changes a minute that are still taken for meant. */
  constructor(changes_max: number) {
    this.#changes_max = changes_max;
  }

  get is(): boolean {
    return this.#is;
  }

  /** Notes a change. */
  change(now_ms: number): void {
    this.pass(now_ms);
    this.#window_began_ms ??= now_ms;
    this.#changes += 1;
    if (this.#changes > this.#changes_max) this.#is = true;
  }

  /** Lets time pass: a chatter is over after a minute with few enough changes. */
  pass(now_ms: number): void {
    if (this.#window_began_ms === null || now_ms - this.#window_began_ms < window_ms) return;
    const isQuiet = this.#changes <= this.#changes_max || now_ms - this.#window_began_ms >= 2 * window_ms;
    if (isQuiet) this.#is = false;
    this.#window_began_ms = this.#is ? now_ms : null;
    this.#changes = 0;
  }
}
