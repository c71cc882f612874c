import type { Route, Site } from "@gengfu/shared/model/site";
import type { Text } from "@gengfu/shared/model/text";
import type { PlannedRound } from "./plan.ts";

/** A tap at one of the route's checkpoints. */
export interface RoundTap {
  readonly at: number;
  readonly checkpoint: string;
  readonly device: string;
  /** The person's id, or null where no one of the site has that card. */
  readonly guard: string | null;
  readonly guard_name: string | null;
  /** False where the tap carries a card that no one of the site has: anyone could hold such a card. */
  readonly known: boolean;
  /** False while the clock that stamped it was not synchronised. */
  readonly sure: boolean;
}

/** What the cloud knows of a gateway that the route's taps come through. */
export interface GatewayDoubt {
  readonly id: string;
  readonly firstSeenAt: number | null;
  readonly lastSeenAt: number | null;
  /** Events that it still holds, as it said last. */
  readonly backlog_events: number;
  /** Readings below its last number that have not come. */
  readonly missing: number;
  readonly clock_sure: boolean;
}

export const roundStates = ["upcoming", "open", "complete", "incomplete", "missed"] as const;
export type RoundState = (typeof roundStates)[number];

export const roundReasons = [
  "not_tapped",
  "out_of_order",
  "unknown_card",
  "not_watched",
  "gateway_unheard",
  "gateway_backlog",
  "readings_missing",
  "clock_unsure",
] as const;

export interface RoundReason {
  readonly code: (typeof roundReasons)[number];
  readonly text: Text;
}

export const extraTapReasons = ["repeated", "out_of_order", "unknown_card"] as const;

export interface ExtraTap extends Omit<RoundTap, "known" | "sure"> {
  readonly reason: (typeof extraTapReasons)[number];
}

export interface RoundCheckpoint {
  readonly id: string;
  readonly name: Text;
  /** When a tap is expected: the round's window. */
  readonly expected: { readonly from: number; readonly to: number };
  readonly tapAt: number | null;
  readonly guard: string | null;
  readonly guard_name: string | null;
}

export interface Round {
  readonly id: string;
  readonly site: string;
  readonly route: string;
  readonly name: Text;
  readonly date: string;
  readonly window: { readonly from: number; readonly to: number };
  readonly ordered: boolean;
  readonly state: RoundState;
  /** The state where it judges, null while the round can still be walked. */
  readonly verdict: "complete" | "incomplete" | "missed" | null;
  /** True where taps may still be on their way or bear a doubtful time: absence is then no verdict on anyone. */
  readonly provisional: boolean;
  readonly checkpoints: readonly RoundCheckpoint[];
  readonly extra: readonly ExtraTap[];
  readonly reasons: readonly RoundReason[];
}

export interface Evidence {
  /** Taps at the route's checkpoints, also from around the window. */
  readonly taps: readonly RoundTap[];
  readonly gateways: readonly GatewayDoubt[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** So long after a window's end a gateway must have been heard, for its last taps to have come. */
const settling_ms = 15_000;

/**
 * Judges a planned round. Pure: the same evidence gives the same verdict, and better evidence revises it. A round is
 * complete as soon as each checkpoint is tapped in its window; what lacks at the window's end makes it incomplete or
 * missed, provisionally so while a gateway may still hold taps or a clock was unsure (I7).
 */
export function judge(
  site: Pick<Site, "id" | "checkpoints">,
  route: Route,
  plan: PlannedRound,
  evidence: Evidence,
): Round {
  const { window } = plan;
  const known = evidence.taps.filter(({ known: valid }) => valid);
  const inWindow = inOrderOfTime(known.filter(({ at }) => at >= window.from && at < window.to));
  const { assigned, ordered } = assign(route, inWindow);
  const used = new Set(assigned.filter((tap) => tap !== null));
  const lacking = route.checkpoints.filter((_, index) => assigned[index] === null);
  const complete = lacking.length === 0 && ordered;
  const state = stateOf(window, evidence.now, complete, used.size);
  const doubts = state === "incomplete" || state === "missed" ? doubtsAbout(window, evidence, route, lacking) : [];
  const nameOf = (id: string): Text => site.checkpoints.find((point) => point.id === id)?.name ?? { zh: id, en: id };
  const strangers = evidence.taps.filter((tap) => !tap.known && tap.at >= window.from && tap.at < window.to);
  const judged = state === "incomplete" || state === "missed";
  return {
    id: plan.id,
    site: site.id,
    route: route.id,
    name: route.name,
    date: plan.date,
    window,
    ordered: route.ordered,
    state,
    verdict: state === "complete" || judged ? state : null,
    provisional: doubts.length > 0,
    checkpoints: route.checkpoints.map((id, index) => ({
      id,
      name: nameOf(id),
      expected: window,
      tapAt: assigned[index]?.at ?? null,
      guard: assigned[index]?.guard ?? null,
      guard_name: assigned[index]?.guard_name ?? null,
    })),
    extra: inOrderOfTime([...inWindow.filter((tap) => !used.has(tap)), ...strangers]).map(
      ({ known: valid, sure: _sure, ...tap }) => ({
        ...tap,
        reason: !valid ? "unknown_card" : ordered ? "repeated" : "out_of_order",
      }),
    ),
    reasons: [
      ...(judged && lacking.length > 0 ? [notTapped(lacking.map(nameOf))] : []),
      ...(judged && !ordered ? [outOfOrder] : []),
      ...(judged && strangers.length > 0 ? [unknownCard] : []),
      ...doubts,
    ],
  };
}

/**
 * Which tap stands for which of the route's checkpoints. A checkpoint that the route names twice needs two taps. On an
 * ordered route the taps that keep the order are taken if there are such; else each checkpoint's first, out of order.
 */
function assign(route: Route, taps: readonly RoundTap[]): { assigned: (RoundTap | null)[]; ordered: boolean } {
  const free = [...taps];
  const first = route.checkpoints.map((id) => {
    const index = free.findIndex((tap) => tap.checkpoint === id);
    return index < 0 ? null : (free.splice(index, 1)[0] ?? null);
  });
  if (!route.ordered) return { assigned: first, ordered: true };
  // what was not tapped at all is lacking, and breaks no order
  const reached = route.checkpoints.filter((_, index) => first[index] !== null);
  const walked: RoundTap[] = [];
  for (const tap of taps) if (tap.checkpoint === reached[walked.length]) walked.push(tap);
  if (walked.length < reached.length) return { assigned: first, ordered: false };
  const next = walked.values();
  return { assigned: first.map((tap) => (tap === null ? null : (next.next().value ?? null))), ordered: true };
}

function stateOf(window: { from: number; to: number }, now: number, complete: boolean, taps: number): RoundState {
  if (complete) return "complete";
  if (now < window.from) return "upcoming";
  if (now < window.to) return "open";
  return taps > 0 ? "incomplete" : "missed";
}

function doubtsAbout(
  window: { from: number; to: number },
  { gateways, taps }: Evidence,
  route: Route,
  lacking: readonly string[],
): RoundReason[] {
  const doubts: RoundReason[] = [];
  for (const { id, firstSeenAt, lastSeenAt, backlog_events, missing, clock_sure } of gateways) {
    if (firstSeenAt !== null && firstSeenAt > window.from) {
      doubts.push(
        reason(
          "not_watched",
          `网关 ${id} 在时段开始之后才首次上线，此前未监测，不作判定`,
          `gateway ${id} was first heard after the window had opened: nobody watched before, so this judges no one`,
        ),
      );
    }
    if (lastSeenAt === null || lastSeenAt < window.to + settling_ms) {
      doubts.push(
        reason(
          "gateway_unheard",
          `网关 ${id} 在时段结束后未上线，打点可能尚未上传`,
          `gateway ${id} has not been heard since the window closed: taps may still come`,
        ),
      );
    } else if (backlog_events > 0) {
      doubts.push(
        reason(
          "gateway_backlog",
          `网关 ${id} 还有 ${backlog_events} 条事件待上传`,
          `gateway ${id} still holds ${backlog_events} events`,
        ),
      );
    } else if (missing > 0) {
      doubts.push(
        reason(
          "readings_missing",
          `网关 ${id} 有 ${missing} 条数据尚未收到`,
          `${missing} readings of gateway ${id} have not come`,
        ),
      );
    }
    if (!clock_sure) {
      doubts.push(reason("clock_unsure", `网关 ${id} 的时钟未同步`, `the clock of gateway ${id} is not synchronised`));
    }
  }
  // such a tap may belong here, or elsewhere, whatever its time says
  const wanted = new Set(lacking.length > 0 ? lacking : route.checkpoints);
  const unsure = taps.filter(
    (tap) => tap.known && !tap.sure && (wanted.has(tap.checkpoint) || (tap.at >= window.from && tap.at < window.to)),
  ).length;
  if (unsure > 0) {
    doubts.push(reason("clock_unsure", `有 ${unsure} 次打点的时间不可靠`, `the time of ${unsure} taps is doubtful`));
  }
  return doubts;
}

function notTapped(names: readonly Text[]): RoundReason {
  return reason(
    "not_tapped",
    `未打点：${names.map(({ zh }) => zh).join("、")}`,
    `not tapped: ${names.map(({ en }) => en).join(", ")}`,
  );
}

const outOfOrder = reason("out_of_order", "未按规定顺序打点", "not tapped in the order of the route");
const unknownCard = reason(
  "unknown_card",
  "有未登记的卡打点，不计入",
  "taps with a card that is not registered don't count",
);

function reason(code: RoundReason["code"], zh: string, en: string): RoundReason {
  return { code, text: { zh, en } };
}

function inOrderOfTime<Tap extends { at: number }>(taps: readonly Tap[]): Tap[] {
  return taps.toSorted((a, b) => a.at - b.at);
}
