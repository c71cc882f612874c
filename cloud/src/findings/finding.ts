import type { grades } from "@gengfu/shared/model/site";

/** The states of a finding, in the order in which it goes through them; the last two end it. */
export const findingStates = ["open", "in_progress", "done", "verified", "cancelled"] as const;
export type FindingState = (typeof findingStates)[number];

/** The states in which somebody still has something to do. */
export const unsettledStates = ["open", "in_progress", "done"] as const satisfies readonly FindingState[];

/** What a person can do about a finding. */
export const findingEvents = ["start", "plan", "note", "finish", "verify", "reject", "cancel"] as const;
export type FindingEvent = (typeof findingEvents)[number];

/** What stands in the ledger: what people did, and what Gengfu noted by itself. */
export const findingStepKinds = ["found", ...findingEvents, "seen_again", "proposal_overdue", "overdue"] as const;
export type FindingStepKind = (typeof findingStepKinds)[number];

export type Grade = (typeof grades)[number];

export const findingSources = ["hand", "alert", "tap"] as const;
export type FindingSource = (typeof findingSources)[number];

/** Where an event leads; null where it is refused. */
export const transitions: Readonly<Record<FindingState, Readonly<Record<FindingEvent, FindingState | null>>>> = {
  open: {
    start: "in_progress",
    plan: "open",
    note: "open",
    finish: null,
    verify: null,
    reject: null,
    cancel: "cancelled",
  },
  in_progress: {
    start: null,
    plan: "in_progress",
    note: "in_progress",
    finish: "done",
    verify: null,
    reject: null,
    cancel: "cancelled",
  },
  done: {
    start: null,
    plan: null,
    note: "done",
    finish: null,
    verify: "verified",
    reject: "in_progress",
    cancel: null,
  },
  verified: { start: null, plan: null, note: null, finish: null, verify: null, reject: null, cancel: null },
  cancelled: { start: null, plan: null, note: null, finish: null, verify: null, reject: null, cancel: null },
};

/** What each event can't be without. */
const requirements: Readonly<Record<FindingEvent, "note" | "result" | "change" | null>> = {
  start: null,
  plan: "change",
  note: "note",
  finish: "result",
  verify: null,
  reject: "note",
  cancel: "note",
};

/** What can be changed by a plan, and by what starts the work. All times are epoch milliseconds UTC. */
export interface Plan {
  readonly grade?: Grade;
  readonly responsible?: string;
  readonly measure?: string;
  readonly dueAt?: number;
}

/** What is known of a finding when it is found. */
export interface Discovery {
  readonly site: string;
  readonly source: FindingSource;
  /** The alert that it was made from. */
  readonly alert: string | null;
  /** The defect of the site file whose card was tapped. */
  readonly defect: string | null;
  readonly device: string | null;
  readonly checkpoint: string | null;
  readonly what: string;
  readonly grade: Grade;
  readonly foundAt: number;
  /** A name as it stands in the records; null where a defect's card was tapped and nobody's own before. */
  readonly foundBy: string | null;
  readonly responsible: string | null;
  readonly measure: string | null;
  /** Until when there must be a measure. */
  readonly proposalDueAt: number;
  /** Until when it must be done. */
  readonly dueAt: number;
}

export interface Finding extends Discovery {
  /** Counts up over all findings; never given twice. */
  readonly id: number;
  readonly state: FindingState;
  readonly recordedAt: number;
  readonly result: string | null;
  readonly doneAt: number | null;
  readonly doneBy: string | null;
  readonly verifiedAt: number | null;
  readonly verifiedBy: string | null;
  /** When it was verified or cancelled. */
  readonly closedAt: number | null;
  /** Whether it was noted that the time for a measure is over. */
  readonly proposalOverdueNoted: boolean;
  /** The due date that was noted as passed. */
  readonly overdueNoted: number | null;
}

/** What happened to a finding: append-only. A finding is what its steps make of it. */
export interface FindingStep {
  /** Counts up over all findings. */
  readonly id: number;
  readonly finding: number;
  readonly at: number;
  /** When the cloud wrote it down. */
  readonly recordedAt: number;
  readonly what: FindingStepKind;
  /** The state after it. */
  readonly state: FindingState;
  readonly who: string;
  readonly note: string | null;
  /** The fields that it sets. */
  readonly changes: Changes;
}

export type Changes = Partial<Omit<Finding, "id" | "state">>;
export type NewStep = Omit<FindingStep, "id" | "finding" | "recordedAt">;

export interface Happening extends Plan {
  readonly what: FindingEvent;
  readonly by: string;
  readonly at: number;
  readonly note?: string;
  readonly result?: string;
}

export type Outcome =
  | { readonly ok: true; readonly step: NewStep }
  | { readonly ok: false; readonly reason: "conflict" | "lacking"; readonly message: string };

/** The step that a person's deed makes, or why it can't be. Changes nothing by itself. */
export function happen(finding: Pick<Finding, "state" | "foundAt">, happening: Happening): Outcome {
  const { what, by, at, note, result, ...plan } = happening;
  const next = transitions[finding.state][what];
  if (next === null) return { ok: false, reason: "conflict", message: refusal(finding.state, what) };
  const planned = what === "start" || what === "plan" || what === "finish" ? given(plan) : {};
  const lacks = lackOf(what, { note, result, isChange: Object.keys(planned).length > 0 });
  if (lacks !== null) return { ok: false, reason: "lacking", message: lacks };
  if (planned.dueAt !== undefined && planned.dueAt <= finding.foundAt) {
    return { ok: false, reason: "lacking", message: "`dueAt` must be later than it was found" };
  }
  const changes: Changes = { ...planned, ...outcomeOf(what, { by, at, result }) };
  return { ok: true, step: { what, who: by, at, note: note ?? null, state: next, changes } };
}

/** The finding after a step. */
export function applyStep(finding: Finding, { state, changes }: Pick<FindingStep, "state" | "changes">): Finding {
  return { ...finding, ...changes, state };
}

/** The step that every finding begins with. */
export function discovered(discovery: Discovery, recordedAt: number, note: string | null, who: string): NewStep {
  return {
    what: "found",
    who,
    at: discovery.foundAt,
    note,
    state: "open",
    changes: {
      ...discovery,
      recordedAt,
      result: null,
      doneAt: null,
      doneBy: null,
      verifiedAt: null,
      verifiedBy: null,
      closedAt: null,
      proposalOverdueNoted: false,
      overdueNoted: null,
    },
  };
}

/** A finding from all of its steps, oldest first; undefined where the first is not that it was found. */
export function replay(
  id: number,
  steps: readonly Pick<FindingStep, "what" | "state" | "changes">[],
): Finding | undefined {
  const [first, ...others] = steps;
  if (first?.what !== "found") return undefined;
  const found = { id, state: first.state, ...first.changes } as Finding;
  return others.reduce(applyStep, found);
}

/** What is late: the measure, of which there is none yet, or the work. Null where nothing is. */
export function overdueOf(finding: Finding, now: number): "proposal" | "result" | null {
  if (finding.state !== "open" && finding.state !== "in_progress") return null;
  if (now >= finding.dueAt) return "result";
  return finding.measure === null && now >= finding.proposalDueAt ? "proposal" : null;
}

/** From when on something about it is late, unless something happens; null where nothing will be. */
export function overdueAt(finding: Finding): number | null {
  if (finding.state !== "open" && finding.state !== "in_progress") return null;
  return finding.measure === null ? Math.min(finding.proposalDueAt, finding.dueAt) : finding.dueAt;
}

/** When something will have become late that stands nowhere yet; null where nothing will. */
export function lateNoteAt(finding: Finding): number | null {
  const { overdueNoted, dueAt, proposalOverdueNoted, proposalDueAt, measure } = finding;
  if (overdueAt(finding) === null || overdueNoted === dueAt) return null;
  return measure === null && !proposalOverdueNoted ? Math.min(proposalDueAt, dueAt) : dueAt;
}

/**
 * The step that notes what has become late; undefined before `lateNoteAt`. The measure is noted once, the work once for
 * each due date that passes.
 */
export function overdueStep(finding: Finding, now: number, who: string): NewStep | undefined {
  const noteAt = lateNoteAt(finding);
  if (noteAt === null || now < noteAt) return undefined;
  const { state, dueAt, proposalDueAt } = finding;
  return now >= dueAt
    ? { what: "overdue", who, at: dueAt, note: null, state, changes: { overdueNoted: dueAt } }
    : { what: "proposal_overdue", who, at: proposalDueAt, note: null, state, changes: { proposalOverdueNoted: true } };
}

function outcomeOf(
  what: FindingEvent,
  { by, at, result }: { readonly by: string; readonly at: number; readonly result: string | undefined },
): Changes {
  switch (what) {
    case "finish":
      return { ...(result === undefined ? {} : { result }), doneAt: at, doneBy: by };
    case "verify":
      return { verifiedAt: at, verifiedBy: by, closedAt: at };
    case "reject":
      return { result: null, doneAt: null, doneBy: null };
    case "cancel":
      return { closedAt: at };
    case "start":
    case "plan":
    case "note":
      return {};
  }
}

function given(plan: Plan): Plan {
  return Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== undefined));
}

function lackOf(
  what: FindingEvent,
  {
    note,
    result,
    isChange,
  }: { readonly note: string | undefined; readonly result: string | undefined; readonly isChange: boolean },
): string | null {
  switch (requirements[what]) {
    case "note":
      return note === undefined ? `\`note\` must say why or what: a ${what} can't be without` : null;
    case "result":
      return result === undefined ? "`result` must say what was done" : null;
    case "change":
      return isChange ? null : "at least one of `grade`, `responsible`, `measure` and `dueAt` must be given";
    case null:
      return null;
  }
}

function refusal(state: FindingState, what: FindingEvent): string {
  const allowed = findingEvents.filter((event) => transitions[state][event] !== null);
  const instead = allowed.length === 0 ? "nothing more can be done about it" : `possible are ${allowed.join(", ")}`;
  return `a finding that is ${state} takes no ${what}; ${instead}`;
}
