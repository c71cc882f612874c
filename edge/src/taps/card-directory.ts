import type { Person, Site } from "@gengfu/shared/model/site";
import type { Message } from "../intake/message.ts";

/** Whose card or which place's tag was read. */
export interface Recognised {
  readonly isKnown: boolean;
  /** Who tapped: the card's owner, or who carries the reader as it says itself. */
  readonly guard: Person | undefined;
}

/** The cards of the site's people and defects, and the tags of its checkpoints, as the site file has them. */
export class CardDirectory {
  readonly #owners: ReadonlyMap<string, Person>;
  readonly #people: ReadonlyMap<string, Person>;
  readonly #tags: ReadonlySet<string>;
  /** What a guard taps to say that something is wrong, by card or by tag. */
  readonly #defects: ReadonlySet<string>;

  constructor({
    people,
    checkpoints,
    defects = [],
  }: Pick<Site, "people" | "checkpoints"> & Partial<Pick<Site, "defects">>) {
    this.#owners = new Map(people.flatMap((person) => (person.card === undefined ? [] : [[person.card, person]])));
    this.#people = new Map(people.map((person) => [person.id, person]));
    this.#tags = new Set(checkpoints.flatMap(({ tag }) => tag ?? []));
    this.#defects = new Set(defects.map(({ card }) => card));
  }

  recognise({ detail }: Message): Recognised {
    const { card, tag, guard } = detail ?? {};
    if (typeof card === "string") {
      const owner = this.#owners.get(card);
      return { isKnown: owner !== undefined || this.#defects.has(card), guard: owner };
    }
    return {
      isKnown: typeof tag === "string" && (this.#tags.has(tag) || this.#defects.has(tag)),
      guard: typeof guard === "string" ? this.#people.get(guard) : undefined,
    };
  }
}
