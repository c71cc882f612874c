import { describe, expect, it } from "vitest";
import { deliveryKey, DeliveryTrails } from "./delivery-trails.ts";
import { detailMessage, valueMessage, type Message } from "./message.ts";
import { stamp } from "./stamp.ts";

function entry(message: Message, client = "pi", messageId = 1) {
  return stamp("tank", message, { at: 1_000, clock: "synchronised" }, deliveryKey(client, messageId));
}

const level = valueMessage("level", null, 1.5);

describe("a delivery", () => {
  it("is known by its sender, message id and content", () => {
    const trails = new DeliveryTrails();
    const trail = trails.open("tank", "pi");
    trail.remember(1, entry(level));
    expect(trail.knows(1, level)).toBe(true);
    expect(trail.knows(1, { ...level, age: 700 })).toBe(true);
    expect(trail.knows(2, level)).toBe(false);
    expect(trail.knows(1 + 256, level)).toBe(false);
    expect(trail.knows(1, { ...level, value: 1.6 })).toBe(false);
    expect(trail.knows(1, { ...level, kind: "pressure" })).toBe(false);
    expect(trail.knows(1, { ...level, channel: "b" })).toBe(false);
    expect(trail.knows(1, { ...level, at: 999 })).toBe(false);
    expect(trails.open("tank", "other").knows(1, level)).toBe(false);
    expect(trails.open("boiler", "pi").knows(1, level)).toBe(false);
  });

  it("is known by what its detail says", () => {
    const trail = new DeliveryTrails().open("tank", "pi");
    trail.remember(1, entry(detailMessage("tap", { card: "04A1" })));
    expect(trail.knows(1, detailMessage("tap", { card: "04A1" }))).toBe(true);
    expect(trail.knows(1, detailMessage("tap", { card: "04A2" }))).toBe(false);
    expect(trail.knows(1, detailMessage("tap", { card: "04A1", guard: "li" }))).toBe(false);
    expect(trail.knows(1, { ...level, kind: "tap", value: null })).toBe(false);
  });
});

describe("a trail", () => {
  it("outlives a broken connection, not one that was ended with a DISCONNECT", () => {
    const trails = new DeliveryTrails();
    const first = trails.open("tank", "pi");
    first.remember(1, entry(level));
    trails.close(first, false);
    const second = trails.open("tank", "pi");
    expect(second.knows(1, level)).toBe(true);
    trails.close(second, true);
    expect(trails.open("tank", "pi").knows(1, level)).toBe(false);
  });

  it("is shared while the old connection is not yet known to be dead", () => {
    const trails = new DeliveryTrails();
    const old = trails.open("tank", "");
    old.remember(1, entry(level, ""));
    const young = trails.open("tank", "");
    expect(young.knows(1, level)).toBe(true);
    trails.close(old, true);
    expect(trails.open("tank", "").knows(1, level)).toBe(true);
  });

  it("is restored from the log, for clients of any id", () => {
    const trails = new DeliveryTrails();
    trails.restore(entry(level, "a#b", 65_535));
    trails.restore({ ...entry(level), key: "3.17" });
    trails.restore({ ...entry(level), key: null });
    const trail = trails.open("tank", "a#b");
    expect(trail.knows(65_535, level)).toBe(true);
  });

  it("is forgotten after a thousand others that broke later", () => {
    const trails = new DeliveryTrails();
    for (let client = 0; client <= 1_024; client++) {
      const trail = trails.open("tank", String(client));
      trail.remember(1, entry(level));
      trails.close(trail, false);
    }
    expect(trails.open("tank", "0").knows(1, level)).toBe(false);
    expect(trails.open("tank", "1").knows(1, level)).toBe(true);
  });
});
