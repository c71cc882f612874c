import type { Alert, Gateway, Reading, Round, Site } from "../api/types.ts";

/** Things to test with: whole and plausible, with what a test is about laid over them. */
export function aReading(over: Partial<Reading> = {}): Reading {
  return {
    gateway: "main-building",
    epoch: 1,
    seq: 1,
    device: "tank-fire",
    kind: "level",
    channel: null,
    at: 1_000_000,
    receivedAt: over.at ?? 1_000_000,
    clock: "synchronised",
    value: 2,
    detail: {},
    ...over,
  };
}

export function anAlert(over: Partial<Alert> = {}): Alert {
  return {
    id: "a1",
    rule: "fire",
    severity: "critical",
    state: "firing",
    name: { zh: "火警", en: "Fire" },
    message: null,
    advice: null,
    gateway: "main-building",
    device: "fire-panel",
    channel: "fire",
    kind: "contact",
    value: 1,
    raisedAt: 1_000_000,
    acknowledgedAt: null,
    acknowledgedBy: null,
    clearedAt: null,
    closedAt: null,
    cause: null,
    ...over,
  };
}

export function aGateway(over: Partial<Gateway> = {}): Gateway {
  return {
    id: "main-building",
    connected: true,
    lastSeenAt: 1_000_000,
    backlog: 0,
    queued: null,
    missing: [],
    disk: null,
    clock: "synchronised",
    troubles: [],
    ...over,
  };
}

export function aRound(over: Partial<Round> = {}): Round {
  return {
    id: "r1",
    route: "court",
    name: { zh: "夜巡", en: "Night round" },
    date: "2026-11-21",
    window: { from: 0, to: 3_600_000 },
    state: "open",
    provisional: false,
    checkpoints: [],
    reasons: [],
    ...over,
  };
}

const named = (id: string): { id: string; name: { zh: string; en: string } } => ({ id, name: { zh: id, en: id } });
const measure = (kind: "level" | "contact" | "count", channel: string | null = null) => ({
  kind,
  channel,
  name: null,
  min: null,
  max: null,
});

export const aSite: Site = {
  ...named("court"),
  timeZone: "Asia/Shanghai",
  gateways: [named("main-building"), named("tribunal")],
  devices: [
    { ...named("fire-panel"), type: "fire_panel", gateway: null, measures: [measure("contact", "fire")] },
    { ...named("tank-fire"), type: "tank", gateway: "tribunal", measures: [measure("level")] },
    { ...named("gate"), type: "gate", gateway: "main-building", measures: [measure("count")] },
  ],
  checkpoints: [],
  defects: [],
  people: [],
  rules: [
    {
      ...named("fire"),
      severity: "critical",
      advice: null,
      when: {
        type: "contact",
        kind: "contact",
        device: "fire-panel",
        channel: "fire",
        closed: true,
        limit: null,
        clear: null,
        after_ms: null,
      },
    },
    {
      ...named("tank-low"),
      severity: "critical",
      advice: null,
      when: {
        type: "below",
        kind: "level",
        device: "tank-fire",
        channel: null,
        closed: null,
        limit: 1.5,
        clear: 1.7,
        after_ms: null,
      },
    },
  ],
  notifications: {},
};

/** Lets what is under way go on until the condition holds; fails after a thousand turns of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`never came true: ${condition.toString()}`);
}
