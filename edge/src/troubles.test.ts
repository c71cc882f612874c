import { gatewayStatus } from "@gengfu/shared/uplink-protocol";
import { expect, it } from "vitest";
import { Troubles } from "./troubles.ts";

it("lists what lasts, in both languages, within what a heartbeat may carry", () => {
  const troubles = new Troubles();
  troubles.set("gpio", { zh: "没有 GPIO。", en: "No GPIO." });
  troubles.set("log", { zh: "磁盘已满。", en: "The disk is full." });
  troubles.set("log", null);
  expect(troubles.list()).toEqual(["没有 GPIO。 No GPIO."]);
  for (let subject = 0; subject < 30; subject++) troubles.set(String(subject), { zh: "长".repeat(600), en: "" });
  expect(gatewayStatus.shape.troubles.parse(troubles.list())).toHaveLength(20);
});

it("says when a subject's trouble begins and is over, not when it is told in other words", () => {
  let changes = 0;
  const troubles = new Troubles(() => (changes += 1));
  const text = (en: string) => ({ zh: "故障", en });
  troubles.set("gpio", null);
  troubles.set("gpio", text("one line"));
  troubles.set("gpio", text("two lines"));
  expect(changes).toBe(1);
  troubles.set("gpio", null);
  expect(changes).toBe(2);
});
