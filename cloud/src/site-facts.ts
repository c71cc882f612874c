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
  readonly sites: readonly string[];
  /** The site that a gateway belongs to. */
  siteOf(gateway: string): string;
  tap(reading: Pick<StoredReading, "gateway" | "device" | "detail">): TapFacts;
}

/** The look-up that turns a tap's reader, tag and card into a checkpoint and a guard. */
export function siteFacts(first: Site, ...others: Site[]): SiteFacts {
  const sites = [first, ...others];
  const home = { id: first.id, tap: tapFacts(first) };
  const byGateway = new Map(
    sites.flatMap((site) => {
      const facts = { id: site.id, tap: tapFacts(site) };
      return site.gateways.map(({ id }) => [id, facts] as const);
    }),
  );
  return {
    sites: sites.map(({ id }) => id),
    siteOf: (gateway) => (byGateway.get(gateway) ?? home).id,
    tap: (reading) => (byGateway.get(reading.gateway) ?? home).tap(reading),
  };
}

function tapFacts(site: Site): SiteFacts["tap"] {
  const byReader = new Map<string, string>();
  const byTag = new Map<string, string>();
  for (const { id, device, tag } of site.checkpoints) {
    if (device !== undefined) byReader.set(device, id);
    if (tag !== undefined) byTag.set(tag, id);
  }
  const people = new Map(site.people.map((person) => [person.id, person]));
  const byCard = new Map(site.people.flatMap((person) => (person.card === undefined ? [] : [[person.card, person]])));
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return ({ device, detail }) => {
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
  };
}
