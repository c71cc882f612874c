import { setImmediate } from "node:timers/promises";
import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it } from "vitest";
import { findingOf, type Finding, type FindingsApi } from "../api/findings.ts";
import { ApiError } from "../api/http.ts";
import { FindingBook } from "./findings.ts";
import { createStore } from "./store.ts";

function aFinding(id: number, over: object = {}): Finding {
  const finding = findingOf({ id, state: "open", foundAt: 1, dueAt: 2, what: "坏", ...over });
  if (finding === null) throw new Error("no finding");
  return finding;
}

class FakeApi implements FindingsApi {
  held: Finding[] = [];
  error: ApiError | null = null;
  readonly asked: string[] = [];

  async findings(which: "unsettled" | "all"): Promise<Finding[]> {
    this.#ask(which);
    return this.held.filter(({ state }) => which === "all" || state !== "verified");
  }

  async finding(id: number): Promise<Finding> {
    this.#ask(`finding ${id}`);
    return this.held.find((each) => each.id === id) ?? aFinding(id);
  }

  async addFinding(): Promise<Finding> {
    this.#ask("add");
    this.held = [aFinding(9, { alert: "a1" }), ...this.held];
    return aFinding(9, { alert: "a1" });
  }

  async addStep(id: number): Promise<Finding> {
    this.#ask(`step ${id}`);
    const started = aFinding(id, { state: "in_progress" });
    this.held = this.held.map((each) => (each.id === id ? started : each));
    return started;
  }

  #ask(what: string): void {
    this.asked.push(what);
    if (this.error !== null) throw this.error;
  }
}

let api: FakeApi;
let clock: ManualClock;
let signed: string[];
let book: FindingBook;
const store = createStore({ language: "zh", sound: false, operator: "" }, 0);
beforeEach(() => {
  api = new FakeApi();
  api.held = [aFinding(3, { overdue: "result" }), aFinding(2), aFinding(1, { state: "verified" })];
  clock = new ManualClock();
  signed = [];
  store.session.value = { kind: "signed_in", session: { name: "duty", rights: ["acknowledge"] } };
  book = new FindingBook({ api, store, clock, signAs: (name) => signed.push(name), newKey: () => "k" });
});
const listed = (): number[] | undefined => book.listed.value?.map(({ id }) => id);

describe("the ledger on the page", () => {
  it("is asked for at once and again, until the session ends", async () => {
    const running = new AbortController();
    const run = book.run(running.signal);
    await setImmediate();
    expect(api.asked).toEqual(["unsettled"]);
    clock.advance(30_000);
    await setImmediate();
    expect(api.asked).toEqual(["unsettled", "unsettled"]);
    running.abort();
    await run;
  });

  it("lists what is unsettled, what of it is late, or all", async () => {
    expect(listed()).toBeUndefined();
    await book.refresh();
    expect(listed()).toEqual([3, 2]);
    book.choose("overdue");
    expect(listed()).toEqual([3]);
    book.choose("all");
    await setImmediate();
    expect(listed()).toEqual([3, 2, 1]);
  });

  it("shows a new one, and knows from then on which alert it is of", async () => {
    expect(book.ofAlert("a1")).toBeUndefined();
    expect(await book.add({ by: "王强", alert: "a1", key: "k" })).toEqual({ ok: true });
    await setImmediate();
    expect([book.shown.value, book.detail.value?.id]).toEqual([{ kind: "detail", id: 9 }, 9]);
    expect(book.ofAlert("a1")?.id).toBe(9);
    expect(signed).toEqual(["王强"]);
  });

  it("shows what a step made of it, and lets go of what comes for a dialog that was closed", async () => {
    await book.open(2);
    await book.step(2, { what: "start", by: "王强", key: "k" });
    expect(book.detail.value?.state).toBe("in_progress");
    const late = book.open(3);
    book.close();
    await late;
    expect([book.shown.value, book.detail.value]).toEqual([null, null]);
  });

  it("keeps what it knows while the service can't be reached, and says so to who writes", async () => {
    await book.refresh();
    api.error = new ApiError("unreachable", null);
    await book.refresh();
    expect(listed()).toEqual([3, 2]);
    expect(await book.step(2, { what: "start", by: "王强", key: "k" })).toMatchObject({ ok: false });
    expect(signed).toEqual([]);
  });

  it("ends the session where the service does", async () => {
    api.error = new ApiError("unauthorised", null);
    await book.refresh();
    expect(store.session.value).toEqual({ kind: "anonymous", ended: true });
  });
});
