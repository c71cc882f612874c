import { signal } from "@preact/signals";

/** From this width on a screen is taken for one that hangs on a wall. */
const wall_px_min = 2_300;

/** Wall mode: by `?wall` in the address, by the button, or since the screen is very wide. */
export class WallMode {
  readonly #window: Window;
  readonly #asked;
  readonly #wide;

  constructor(window: Window) {
    this.#window = window;
    const asked = new URLSearchParams(window.location.search).get("wall");
    this.#asked = signal(asked === null ? null : asked !== "0");
    this.#wide = signal(false);
  }

  /** The result ends it. */
  start(): () => void {
    const wide = this.#window.matchMedia(`(min-width: ${wall_px_min}px)`);
    const update = (): void => {
      this.#wide.value = wide.matches;
      this.#show();
    };
    update();
    wide.addEventListener("change", update);
    return () => wide.removeEventListener("change", update);
  }

  get on(): boolean {
    return this.#asked.value ?? this.#wide.value;
  }

  /** Stands in the address too, so that it survives a reload and can be kept as a bookmark. */
  set(on: boolean): void {
    this.#asked.value = on;
    const address = new URL(this.#window.location.href);
    if (on) address.searchParams.set("wall", "");
    else if (this.#wide.peek()) address.searchParams.set("wall", "0");
    else address.searchParams.delete("wall");
    this.#window.history.replaceState(null, "", address);
    this.#show();
  }

  #show(): void {
    const { documentElement } = this.#window.document;
    if (this.on) documentElement.dataset["wall"] = "";
    else delete documentElement.dataset["wall"];
  }
}
