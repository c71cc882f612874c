import { seriesOf, type Reading } from "@gengfu/shared/model/reading";

/** Contacts remembered; of others each reading counts as a change. */
const contacts_max = 10_000;

/** What each contact was last told to be: most devices tell it again every minute. */
export class ContactMemory {
  readonly #values = new Map<string, number | null>();

  /** Remembers a reading; says whether it is of a contact, and tells nothing new. */
  repeats(reading: Pick<Reading, "device" | "kind" | "channel" | "value">): boolean {
    if (reading.kind !== "contact") return false;
    const series = seriesOf(reading);
    const before = this.#values.get(series);
    if (before === undefined && this.#values.size >= contacts_max) return false;
    this.#values.set(series, reading.value);
    return before === reading.value;
  }
}
