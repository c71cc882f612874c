import { createHash } from "node:crypto";
import type { Kind } from "../model/reading.ts";
import type { Severity } from "../model/rule.ts";
import type { EffectKind as SeriesEffectKind } from "./transitions.ts";

/** What an alert is about: the same on the edge and in the cloud. */
export interface Subject {
  readonly site: string;
  readonly rule: string;
  readonly gateway: string;
  /** Null where it is about the gateway itself. */
  readonly device: string | null;
  /** Null where it is about silence. */
  readonly measure: Kind | null;
  readonly channel: string | null;
}

/**
 * What becomes of an alert. `rise`: it has lasted so long that it is of another severity. `confirm`: what was raised in
 * retrospect still holds.
 */
export type EffectKind = SeriesEffectKind | "rise" | "confirm";

/** What a step of the rules asks for. */
export interface Effect extends Subject {
  readonly kind: EffectKind;
  /** Id of the alert. */
  readonly alert: string;
  /** Since when the condition holds, epoch milliseconds. */
  readonly onset: number;
  /** When it happened, epoch milliseconds: `onset` and the rule's `for`; for `pending`, when it will be raised. */
  readonly at: number;
  /** The value that was seen; null where it is about silence. */
  readonly value: number | null;
  /** Of `raise`: it came to light so late that people are told only if it still holds, by `confirm`. */
  readonly retrospective?: true;
  /** Of `rise`: what the alert becomes. */
  readonly severity?: Severity;
}

/**
 * The id of an alert, made from what it is about and from its onset as the reading tells it, so that the same readings
 * make the same alert on the edge and in the cloud, and however often they are handled (I3, I8).
 */
export function alertId(about: Omit<Subject, "gateway"> & { readonly gateway?: string }, onset: number): string {
  const whose = about.device ?? `@${about.gateway ?? ""}`;
  const series = `${whose}/${about.measure ?? "silence"}/${about.channel ?? "-"}`;
  return createHash("sha256").update(`${about.site}\n${about.rule}\n${series}\n${onset}`).digest("hex").slice(0, 16);
}
