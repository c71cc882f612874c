import type { StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";

/** What the site knows about a tap: where it was and whose it was; null where it doesn't know. */
export interface TapFacts {
  readonly checkpoint: string | null;
  readonly guard: string | null;
  /** As people on site write it. */
  readonly guardName: string | null;
}

export interface SiteFacts {
  readonly site: string;
  tap(reading: Pick<StoredReading, "device" | "detail">): TapFacts;
}

/** The look-up that turns a tap's reader, tag and card into a checkpoint and a guard. */
export function siteFacts(site: Site): SiteFacts {
  const byReader = new Map<string, string>();
  const byTag = new Map<string, string>();
  for (const { id, device, tag } of site.checkpoints) {
    if (device !== undefined) byReader.set(device, id);
    if (tag !== undefined) byTag.set(tag, id);
  }
  const people = new Map(site.people.map((person) => [person.id, person]));
  const byCard = new Map(site.people.flatMap((person) => (person.card === undefined ? [] : [[person.card, person]])));
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return {
    site: site.id,
    tap({ device, detail }) {
      const tag = text(detail?.["tag"])?.toUpperCase();
      const card = text(detail?.["card"])?.toUpperCase();
      // a carried reader says who carries it, by id or by card
      const named = text(detail?.["guard"]);
      const person =
        card === undefined ? (people.get(named ?? "") ?? byCard.get(named?.toUpperCase() ?? "")) : byCard.get(card);
      return {
        checkpoint: (tag === undefined ? byReader.get(device) : byTag.get(tag)) ?? null,
        guard: person?.id ?? named,
        guardName: person?.name.zh ?? null,
      };
    },
  };
}
