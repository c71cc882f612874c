import type { Text } from "@gengfu/shared/model/text";

const troubles_max = 20;
const chars_max = 500;

/** What someone should look at, told with each heartbeat for as long as it lasts. */
export class Troubles {
  readonly #current = new Map<string, string>();
  readonly #changed: () => void;

  /** `changed` is called when a subject's trouble begins or is over. */
  constructor(changed: () => void = () => undefined) {
    this.#changed = changed;
  }

  /** Sets a trouble, or takes it back with null. */
  set(subject: string, trouble: Text | null): void {
    const was = this.#current.has(subject);
    if (trouble === null) this.#current.delete(subject);
    else this.#current.set(subject, `${trouble.zh} ${trouble.en}`.slice(0, chars_max));
    if (was !== (trouble !== null)) this.#changed();
  }

  list(): string[] {
    return [...this.#current.values()].slice(0, troubles_max);
  }
}
