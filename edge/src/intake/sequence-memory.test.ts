import { expect, it } from "vitest";
import { SequenceMemory } from "./sequence-memory.ts";

it("tells apart devices, kinds, channels and boots", () => {
  const memory = new SequenceMemory();
  const streams = [
    ["boiler", "temperature", "supply", 1],
    ["boiler", "temperature", "return", 1],
    ["boiler", "temperature", null, 1],
    ["boiler", "pressure", null, 1],
    ["boiler", "pressure", null, 2],
    ["tank", "pressure", null, 2],
  ] as const;
  for (const [device, kind, channel, boot] of streams) {
    expect(memory.repeats(device, kind, channel, boot, 7)).toBe(false);
  }
  for (const [device, kind, channel, boot] of streams) {
    expect(memory.repeats(device, kind, channel, boot, 7)).toBe(true);
  }
});

it("stays bounded by forgetting the streams unused longest, of the same device only", () => {
  const memory = new SequenceMemory();
  memory.repeats("calm", "level", null, 1, 1);
  memory.repeats("wild", "level", null, 0, 1);
  for (let boot = 1; boot < 1_000; boot++) {
    memory.repeats("wild", "level", null, boot, 1);
    expect(memory.repeats("wild", "count", null, 0, boot)).toBe(false);
    expect(memory.repeats("wild", "count", null, 0, boot)).toBe(true);
  }
  expect(memory.repeats("calm", "level", null, 1, 1)).toBe(true);
  expect(memory.repeats("wild", "level", null, 999, 1)).toBe(true);
  expect(memory.repeats("wild", "level", null, 0, 1)).toBe(false);
});
