import { expect, it } from "vitest";
import { valueMessage } from "./message.ts";
import { stamp } from "./stamp.ts";

const message = valueMessage("level", "a", 1.5);

it.each([
  ["at, from the device's clock", { ...message, at: 77 }, 77, "device"],
  ["age, by the gateway's clock", { ...message, age: 400 }, 9_600, "unsynchronised"],
  ["neither, by the gateway's clock", message, 10_000, "unsynchronised"],
] as const)("takes the time from %s", (_, given, at, clock) => {
  const sinceBoot = { boot: 7, ms: 400 };
  expect(stamp("tank", given, { at: 10_000, clock: "unsynchronised", sinceBoot }, "1.2")).toEqual({
    device: "tank",
    kind: "level",
    channel: "a",
    at,
    receivedAt: 10_000,
    clock,
    value: 1.5,
    detail: null,
    key: "1.2",
    sinceBoot,
  });
});
