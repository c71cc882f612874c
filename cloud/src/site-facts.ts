import { seriesOf, type StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import { litresOf, type Tank } from "@gengfu/shared/model/tank-volume";

/** What the site knows about a tap: where it was and whose it was; null where it doesn't know. */
export interface TapFacts {
  readonly checkpoint: string | null;
  readonly guard: string | null;
  /** As people on site write it. */
  readonly guardName: string | null;
  /** The defect whose card or tag it was. */
  readonly defect?: string;
}

export interface SiteFacts {
  readonly sites: readonly string[];
  /** The site that a gateway belongs to. */
  siteOf(gateway: string): string;
  tap(reading: Pick<StoredReading, "gateway" | "device" | "detail">): TapFacts;
}

export interface TankFacts {
  /** What a level means in litres, where the site knows the shape of the tank. */
  litres(reading: Pick<StoredReading, "gateway" | "device" | "kind" | "channel" | "value">): number | null;
}

/** The look-ups that turn a tap's reader, tag and card into a checkpoint and a guard, and a level into litres. */
export function siteFacts(first: Site, ...others: Site[]): SiteFacts & TankFacts {
  const sites = [first, ...others];
  const home = factsOf(first);
  const byGateway = new Map(
    sites.flatMap((site) => {
      const facts = factsOf(site);
      return site.gateways.map(({ id }) => [id, facts] as const);
    }),
  );
  return {
    sites: sites.map(({ id }) => id),
    siteOf: (gateway) => (byGateway.get(gateway) ?? home).id,
    tap: (reading) => (byGateway.get(reading.gateway) ?? home).tap(reading),
    litres: (reading) => (byGateway.get(reading.gateway) ?? home).litres(reading),
  };
}

function factsOf(site: Site): Pick<SiteFacts, "tap"> & TankFacts & { readonly id: string } {
  return { id: site.id, tap: tapFacts(site), litres: tankFacts(site) };
}

function tankFacts(site: Site): TankFacts["litres"] {
  const tanks = new Map<string, Tank>();
  for (const { id, measures } of site.devices) {
    for (const { kind, channel = null, tank } of measures) {
      if (tank !== undefined) tanks.set(seriesOf({ device: id, kind, channel }), tank);
    }
  }
  return (reading) => {
    const tank = tanks.get(seriesOf(reading));
    if (tank === undefined || reading.value === null) return null;
    return Math.round(litresOf(tank, reading.value));
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
  const defects = new Map(site.defects.map(({ id, card }) => [card, id]));
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return ({ device, detail }) => {
    const tag = text(detail?.["tag"])?.toUpperCase();
    const card = text(detail?.["card"])?.toUpperCase();
    // a carried reader says who carries it, by id or by card
    const named = text(detail?.["guard"]);
    const person =
      card === undefined ? (people.get(named ?? "") ?? byCard.get(named?.toUpperCase() ?? "")) : byCard.get(card);
    const defect = defects.get(tag ?? card ?? "");
    return {
      ...(defect === undefined ? {} : { defect }),
      checkpoint: (tag === undefined ? byReader.get(device) : byTag.get(tag)) ?? null,
      guard: person?.id ?? named,
      guardName: person?.name.zh ?? null,
    };
  };
}
