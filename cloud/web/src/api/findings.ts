import { Fields } from "./decode.ts";
import { ApiError, type Http } from "./http.ts";

/** The rectification ledger (整改台账) as the console knows it. Times are epoch milliseconds, UTC. */
export const findingStates = ["open", "in_progress", "done", "verified", "cancelled"] as const;
export type FindingState = (typeof findingStates)[number];
export const grades = ["urgent", "serious", "ordinary"] as const;
export type Grade = (typeof grades)[number];
export const findingDeeds = ["start", "plan", "note", "finish", "verify", "reject", "cancel"] as const;
export type FindingDeed = (typeof findingDeeds)[number];

export interface Finding {
  readonly id: number;
  readonly state: FindingState;
  readonly grade: Grade;
  readonly source: string | null;
  readonly alert: string | null;
  readonly device: string | null;
  readonly checkpoint: string | null;
  readonly what: string;
  readonly foundAt: number;
  readonly foundBy: string | null;
  readonly responsible: string | null;
  readonly measure: string | null;
  readonly dueAt: number;
  /** What is late: the measure, or the work. */
  readonly overdue: "proposal" | "result" | null;
  readonly result: string | null;
  readonly verifiedBy: string | null;
  /** Empty in a list. */
  readonly steps: readonly FindingStep[];
}

export interface FindingStep {
  readonly id: number;
  readonly at: number;
  /** A deed, or `found`, `seen_again`, `proposal_overdue`, `overdue`. */
  readonly what: string;
  readonly who: string;
  readonly note: string | null;
  readonly changes: Fields;
}

export interface NewFinding {
  readonly by: string;
  readonly what?: string;
  readonly grade?: Grade;
  readonly alert?: string;
  readonly device?: string;
  readonly checkpoint?: string;
  readonly responsible?: string;
  readonly measure?: string;
  readonly dueAt?: number;
  readonly key: string;
}

export interface NewStep {
  readonly what: FindingDeed;
  readonly by: string;
  readonly note?: string;
  readonly result?: string;
  readonly grade?: Grade;
  readonly responsible?: string;
  readonly measure?: string;
  readonly dueAt?: number;
  readonly key: string;
}

/** Each throws ApiError; `signal` ends it early. */
export interface FindingsApi {
  /** Newest first; those that someone still has to see to, or all. */
  findings(which: "unsettled" | "all", limit: number, signal?: AbortSignal): Promise<Finding[]>;
  finding(id: number, signal?: AbortSignal): Promise<Finding>;
  addFinding(finding: NewFinding): Promise<Finding>;
  addStep(id: number, step: NewStep): Promise<Finding>;
}

/** Where the browser fetches the ledger as a table. */
export const findingsTable = "/api/v1/findings.csv?limit=10000";

export function createFindingsApi(http: Http): FindingsApi {
  const one = async (answer: Promise<unknown>): Promise<Finding> => {
    const decoded = findingOf(await answer);
    if (decoded === null) throw new ApiError("server", "the answer lacks what a finding must have");
    return decoded;
  };
  const withSignal = (signal?: AbortSignal): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });
  return {
    async findings(which, limit, signal) {
      const state = which === "all" ? null : which;
      const answer = await http.call("/findings", { query: { state, limit }, ...withSignal(signal) });
      return new Fields(answer).list("findings", findingOf);
    },
    finding: (id, signal) => one(http.call(`/findings/${id}`, withSignal(signal))),
    addFinding: (body) => one(http.call("/findings", { method: "POST", body })),
    addStep: (id, body) => one(http.call(`/findings/${id}/steps`, { method: "POST", body })),
  };
}

export function findingOf(input: unknown): Finding | null {
  const fields = new Fields(input);
  const id = fields.number("id");
  const state = fields.oneOf("state", findingStates);
  const [foundAt, dueAt] = [fields.number("foundAt"), fields.number("dueAt")];
  if (id === null || state === null || foundAt === null || dueAt === null) return null;
  return {
    id,
    state,
    grade: fields.oneOf("grade", grades) ?? "ordinary",
    source: fields.text("source"),
    alert: fields.text("alert"),
    device: fields.text("device"),
    checkpoint: fields.text("checkpoint"),
    what: fields.text("what") ?? "",
    foundAt,
    foundBy: fields.text("foundBy"),
    responsible: fields.text("responsible"),
    measure: fields.text("measure"),
    dueAt,
    overdue: fields.oneOf("overdue", ["proposal", "result"]),
    result: fields.text("result"),
    verifiedBy: fields.text("verifiedBy"),
    steps: fields.list("steps", stepOf),
  };
}

function stepOf(input: unknown): FindingStep | null {
  const fields = new Fields(input);
  const [id, at] = [fields.number("id"), fields.number("at")];
  if (id === null || at === null) return null;
  return {
    id,
    at,
    what: fields.text("what") ?? "",
    who: fields.text("who") ?? "",
    note: fields.text("note"),
    changes: fields.fields("changes"),
  };
}
