import { type ReadonlySignal, signal } from "@preact/signals";
import type { Siren } from "../components/app.ts";

/** One call: two tones, as a two-tone horn, so that it isn't taken for some other program's ping. */
const tones_hz = [880, 660] as const;
const tone_s = 0.35;
const every_ms = 4_000;
const volume = 0.25;

export interface SirenOptions {
  /** Whether it was on when the page was last used. */
  readonly wanted: boolean;
  readonly onWanted: (wanted: boolean) => void;
  /** Whether there is something to sound for. */
  readonly loud: ReadonlySignal<boolean>;
  readonly document: Document;
}

/** Sounds while an alert fires that nobody has acknowledged. Browsers allow it only after a click or a key. */
export class BrowserSiren implements Siren {
  readonly #options: SirenOptions;
  readonly #state;
  #context: AudioContext | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: SirenOptions) {
    this.#options = options;
    this.#state = signal<"off" | "armed" | "on">(options.wanted ? "armed" : "off");
  }

  /** The result ends it. */
  start(): () => void {
    const { document, loud } = this.#options;
    const arm = (): void => {
      if (this.#state.peek() === "armed") void this.#enable();
    };
    document.addEventListener("pointerdown", arm);
    document.addEventListener("keydown", arm);
    const stopWatching = loud.subscribe((isLoud) => this.#sound(isLoud && this.#state.peek() === "on"));
    return () => {
      stopWatching();
      this.#sound(false);
      document.removeEventListener("pointerdown", arm);
      document.removeEventListener("keydown", arm);
      void this.#context?.close();
    };
  }

  state(): "off" | "armed" | "on" {
    return this.#state.value;
  }

  toggle(): void {
    if (this.#state.peek() === "off") {
      this.#options.onWanted(true);
      void this.#enable();
      return;
    }
    if (this.#state.peek() === "armed") return;
    this.#options.onWanted(false);
    this.#state.value = "off";
    this.#sound(false);
  }

  async #enable(): Promise<void> {
    this.#context ??= new AudioContext();
    await this.#context.resume();
    this.#state.value = "on";
    // heard once at once, so that one knows that it works and how loud it is
    this.#call();
    this.#sound(this.#options.loud.peek());
  }

  #sound(on: boolean): void {
    if (!on) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#call(), every_ms);
  }

  #call(): void {
    const context = this.#context;
    if (context === undefined) return;
    tones_hz.forEach((tone_hz, index) => {
      const from = context.currentTime + index * tone_s;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(volume, from + 0.02);
      gain.gain.setValueAtTime(volume, from + tone_s - 0.05);
      gain.gain.linearRampToValueAtTime(0, from + tone_s);
      const tone = context.createOscillator();
      tone.frequency.value = tone_hz;
      tone.connect(gain).connect(context.destination);
      tone.start(from);
      tone.stop(from + tone_s);
    });
  }
}
