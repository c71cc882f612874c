import type { Site } from "@gengfu/shared/model/site";
import type { Alert } from "../alerts/alert.ts";
import { deadlines } from "./due.ts";
import type { Discovery, Grade } from "./finding.ts";
import type { FindingSettings } from "./settings.ts";

/** What someone writes into the ledger by hand, or makes from an alert. What is left away follows from the rest. */
export interface NewFinding {
  readonly by: string;
  /** Makes it from this alert; a second time gives the one that there is, unless `another`. */
  readonly alert?: string | undefined;
  readonly another?: boolean | undefined;
  /** What a repeated call is recognised by. */
  readonly key?: string | undefined;
  readonly site?: string | undefined;
  readonly device?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly what?: string | undefined;
  readonly grade?: Grade | undefined;
  readonly foundAt?: number | undefined;
  readonly foundBy?: string | undefined;
  readonly responsible?: string | undefined;
  readonly measure?: string | undefined;
  readonly dueAt?: number | undefined;
  readonly note?: string | undefined;
}

/** What a person found; a sentence that says what is wrong with it where something is. */
export function discover(
  wanted: NewFinding,
  alert: Alert | null,
  { sites, settings }: { readonly sites: readonly [Site, ...Site[]]; readonly settings: FindingSettings },
  now: number,
): Discovery | string {
  const siteId = alert?.site ?? wanted.site ?? sites[0].id;
  const site = sites.find(({ id }) => id === siteId);
  if (site === undefined) return `there is no site ${JSON.stringify(siteId)}`;
  const device = wanted.device ?? alert?.device ?? null;
  const checkpoint = wanted.checkpoint ?? null;
  if (device !== null && alert?.device !== device && !site.devices.some(({ id }) => id === device)) {
    return `the site has no device ${JSON.stringify(device)}`;
  }
  if (checkpoint !== null && !site.checkpoints.some(({ id }) => id === checkpoint)) {
    return `the site has no checkpoint ${JSON.stringify(checkpoint)}`;
  }
  const what = wanted.what ?? alert?.message;
  if (what === undefined) return "`what` must say what was found, where it is made from no alert";
  const foundAt = wanted.foundAt ?? alert?.raisedAt ?? now;
  if (foundAt > now) return "`foundAt` must not be in the future";
  const grade = wanted.grade ?? (alert?.severity === "critical" ? "serious" : "ordinary");
  // an alert's time runs from when someone took it up; what people found themselves they knew at once
  const due = deadlines(settings, grade, alert === null ? foundAt : now, site);
  const dueAt = wanted.dueAt ?? due.dueAt;
  if (dueAt <= foundAt) return "`dueAt` must be later than it was found";
  return {
    site: site.id,
    source: alert === null ? "hand" : "alert",
    alert: alert?.id ?? null,
    defect: null,
    device,
    checkpoint,
    what,
    grade,
    foundAt,
    foundBy: wanted.foundBy ?? wanted.by,
    responsible: wanted.responsible ?? null,
    measure: wanted.measure ?? null,
    proposalDueAt: due.proposalDueAt,
    dueAt,
  };
}
