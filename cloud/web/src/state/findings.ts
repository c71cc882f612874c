import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Finding, FindingDeed, FindingsApi, FindingState, NewFinding, NewStep } from "../api/findings.ts";
import { ApiError } from "../api/http.ts";
import type { Outcome } from "./actions.ts";
import type { Store } from "./store.ts";

export const findingFilters = ["unsettled", "overdue", "all"] as const;
export type FindingFilter = (typeof findingFilters)[number];

/** What the dialog shows. */
export type Shown =
  | { readonly kind: "add"; readonly alert: string | null }
  | { readonly kind: "detail"; readonly id: number };

/** What can be done next, what leads on first. The service has the last word. */
export const deedsOf: Readonly<Record<FindingState, readonly FindingDeed[]>> = {
  open: ["start", "plan", "note", "cancel"],
  in_progress: ["finish", "plan", "note", "cancel"],
  done: ["verify", "reject", "note"],
  verified: [],
  cancelled: [],
};

/** Findings that a list holds, at most. */
export const findings_max = 200;
const poll_ms = 30_000;

export interface FindingBookOptions {
  readonly api: FindingsApi;
  readonly store: Store;
  readonly clock: Clock;
  /** Remembers under which name someone writes. */
  readonly signAs: (name: string) => void;
  /** What the service recognises a repeated call by. */
  readonly newKey: () => string;
}

/** The rectification ledger on the page. The live stream doesn't tell of it, so it is asked for now and then. */
export class FindingBook {
  /** Null before it is known. */
  readonly unsettled: Signal<readonly Finding[] | null> = signal(null);
  readonly filter: Signal<FindingFilter> = signal("unsettled");
  readonly shown: Signal<Shown | null> = signal(null);
  /** The one that the dialog shows, with its steps. */
  readonly detail: Signal<Finding | null> = signal(null);
  readonly listed: ReadonlySignal<readonly Finding[] | null>;
  readonly #all: Signal<readonly Finding[] | null> = signal(null);
  readonly #options: FindingBookOptions;

  constructor(options: FindingBookOptions) {
    this.#options = options;
    this.listed = computed(() => {
      if (this.filter.value === "all") return this.#all.value;
      const unsettled = this.unsettled.value;
      return this.filter.value === "overdue"
        ? (unsettled?.filter(({ overdue }) => overdue !== null) ?? null)
        : unsettled;
    });
  }

  /** The one that was made from an alert, as far as it is known here. */
  ofAlert(alert: string): Finding | undefined {
    return [...(this.unsettled.value ?? []), ...(this.#all.value ?? [])].find((finding) => finding.alert === alert);
  }

  /** Resolves when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.refresh(signal);
      await pause(this.#options.clock, poll_ms, signal);
    }
  }

  /** For one form: however often it is sent, it counts once. */
  newKey(): string {
    return this.#options.newKey();
  }

  choose(filter: FindingFilter): void {
    this.filter.value = filter;
    void this.refresh();
  }

  async open(id: number): Promise<void> {
    this.shown.value = { kind: "detail", id };
    await this.#attempt(async () => this.#take(await this.#options.api.finding(id)));
  }

  close(): void {
    this.shown.value = null;
    this.detail.value = null;
  }

  async add(finding: NewFinding): Promise<Outcome> {
    return this.#write(finding.by, () => this.#options.api.addFinding(finding));
  }

  async step(id: number, step: NewStep): Promise<Outcome> {
    return this.#write(step.by, () => this.#options.api.addStep(id, step));
  }

  /** Asks anew; what fails is asked for again later, and that the line is down is told by the stream. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const { api } = this.#options;
    await this.#attempt(async () => {
      this.unsettled.value = await api.findings("unsettled", findings_max, signal);
      if (this.filter.peek() === "all") this.#all.value = await api.findings("all", findings_max, signal);
      const { id = null } = this.detail.peek() ?? {};
      if (id !== null) this.#take(await api.finding(id, signal));
    }, signal);
  }

  async #write(by: string, write: () => Promise<Finding>): Promise<Outcome> {
    const outcome = await this.#attempt(async () => {
      const finding = await write();
      this.#options.signAs(by);
      this.shown.value = { kind: "detail", id: finding.id };
      this.#take(finding);
    });
    void this.refresh();
    return outcome;
  }

  /** What comes for a dialog that was closed meanwhile is let go of. */
  #take(finding: Finding): void {
    const shown = this.shown.peek();
    if (shown?.kind === "detail" && shown.id === finding.id) this.detail.value = finding;
  }

  async #attempt(act: () => Promise<void>, signal?: AbortSignal): Promise<Outcome> {
    try {
      await act();
      return { ok: true };
    } catch (error) {
      if (signal?.aborted === true) return { ok: true };
      if (!(error instanceof ApiError)) throw error;
      if (error.failure === "unauthorised") this.#options.store.session.value = { kind: "anonymous", ended: true };
      return { ok: false, error };
    }
  }
}
