import { ManualClock } from "@gengfu/shared/time/clock";
import { expect, it } from "vitest";
import { Quarantine, quarantineMessage, showPayload } from "./quarantine.ts";

it("keeps so many of a device in a minute, says the first beyond once, and counts all", () => {
  const clock = new ManualClock();
  const quarantine = new Quarantine(clock, 2);
  const enter = (device: string, times: number) => Array.from({ length: times }, () => quarantine.enter(device));
  expect(enter("tank", 5)).toEqual(["keep", "keep", "first_over", "over", "over"]);
  expect(enter("panel", 1)).toEqual(["keep"]);
  clock.advance(59_999);
  expect(enter("tank", 1)).toEqual(["over"]);
  clock.advance(1);
  expect(enter("tank", 3)).toEqual(["keep", "keep", "first_over"]);
  expect(quarantine.total).toBe(10);
});

it("shows the begin of a payload: text up to a whole character, else base64", () => {
  expect(showPayload(Buffer.from('{"a":1'))).toBe('{"a":1');
  expect(showPayload(Buffer.alloc(0))).toBe("");
  expect(showPayload(Buffer.from("水".repeat(1_000)))).toBe("水".repeat(682));
  expect(showPayload(Buffer.from([0xff, 0, 1]))).toBe("base64:/wAB");
  expect(showPayload(Buffer.alloc(5_000, 0xff))).toHaveLength("base64:".length + 2_048);
});

it("makes a reading that says all there is to say, with a topic cut to a length", () => {
  const broken = { verdict: "quarantine", code: "not_json", detail: { message: "m", path: "p" } } as const;
  const message = quarantineMessage(`gengfu/v1/tank/${"x".repeat(60_000)}`, Buffer.from("?"), broken);
  expect(message.kind).toBe("quarantine");
  expect(message.detail).toMatchObject({ code: "not_json", message: "m", path: "p", payload: "?" });
  expect(String(message.detail?.["topic"])).toHaveLength(256);
});
