import type { Detail } from "@gengfu/shared/model/reading";
import type { Checkpoint, Person, Site } from "@gengfu/shared/model/site";

/** Says who and where a tap was, from what the site's file knows of cards, tags and readers. */
export interface Directory {
  person(detail: Detail | null): Person | undefined;
  checkpoint(device: string, detail: Detail | null): Checkpoint | undefined;
}

export function createDirectory(site: Pick<Site, "people" | "checkpoints">): Directory {
  const byCard = new Map(site.people.flatMap((person) => (person.card === undefined ? [] : [[person.card, person]])));
  const byId = new Map(site.people.map((person) => [person.id, person]));
  const byTag = new Map(site.checkpoints.flatMap((point) => (point.tag === undefined ? [] : [[point.tag, point]])));
  const byReader = new Map(
    site.checkpoints.flatMap((point) => (point.device === undefined ? [] : [[point.device, point]])),
  );
  return {
    person(detail) {
      const card = detail?.["card"];
      const guard = detail?.["guard"];
      // a carried reader names its guard by id or by card
      return (
        (typeof card === "string" ? byCard.get(card.toUpperCase()) : undefined) ??
        (typeof guard === "string" ? (byId.get(guard) ?? byCard.get(guard.toUpperCase())) : undefined)
      );
    },
    checkpoint(device, detail) {
      const tag = detail?.["tag"];
      return (typeof tag === "string" ? byTag.get(tag.toUpperCase()) : undefined) ?? byReader.get(device);
    },
  };
}
