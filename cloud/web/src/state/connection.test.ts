import { describe, expect, it } from "vitest";
import { livenessOf, stale_ms, stepConnection } from "./connection.ts";

describe("the connection", () => {
  const connecting = { kind: "connecting", since: 0, heardAt: null } as const;

  it("is live from its opening, stale when nothing comes, and live again with the next byte", () => {
    const live = stepConnection(connecting, { type: "opened", at: 1_000 });
    expect(livenessOf(live, 1_000 + stale_ms)).toBe("live");
    expect(livenessOf(live, 1_001 + stale_ms)).toBe("stale");
    const heard = stepConnection(live, { type: "heard", at: 60_000 });
    expect(livenessOf(heard, 60_001)).toBe("live");
  });

  it("reconnects since it was last heard, and attempts that fail don't change since when", () => {
    const live = stepConnection(stepConnection(connecting, { type: "opened", at: 1_000 }), {
      type: "heard",
      at: 9_000,
    });
    const lost = stepConnection(live, { type: "lost", at: 20_000 });
    expect(lost).toMatchObject({ kind: "reconnecting", since: 9_000 });
    expect(stepConnection(lost, { type: "lost", at: 30_000 })).toBe(lost);
    expect(stepConnection(connecting, { type: "lost", at: 5 })).toBe(connecting);
  });
});
