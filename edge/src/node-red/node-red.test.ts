import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reading } from "@gengfu/shared/model/reading";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { NodeRedReading } from "./protocol.ts";
import { ReadingFeed } from "./reading-feed.ts";
import { scalarField } from "./runtime/scalar-field.ts";
import { nodeRedSchema } from "./schema.ts";

const reading = (device: string, kind: Reading["kind"], value = 1): Reading => ({
  device,
  kind,
  channel: null,
  at: 1,
  receivedAt: 1,
  clock: "device",
  value,
  detail: null,
});

it("is configured as its README shows", () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const sample = parse(/```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "") as { node_red: unknown };
  expect(nodeRedSchema.parse({ ...(sample.node_red as object), password: "p" })).toMatchObject({
    host: "127.0.0.1",
    port: 1_880,
    install_nodes: false,
    http_nodes: false,
  });
});

describe("the feed of readings", () => {
  it("hands on what flows want, and nothing else", () => {
    const feed = new ReadingFeed();
    const sent: string[] = [];
    const send = ({ device, kind }: NodeRedReading, taken: () => void): void => {
      sent.push(`${device} ${kind}`);
      taken();
    };
    const all = [reading("tank", "level"), reading("boiler", "pressure"), reading("boiler", "temperature")];
    feed.offer(all, send);
    expect(sent).toEqual([]);
    feed.want([
      { device: "tank", kind: "" },
      { device: "", kind: "pressure" },
    ]);
    feed.offer(all, send);
    expect(sent).toEqual(["tank level", "boiler pressure"]);
  });

  it("drops and counts what a slow process does not take, and begins anew with the next process", () => {
    const feed = new ReadingFeed();
    const waiting: (() => void)[] = [];
    feed.want([{ device: "", kind: "" }]);
    for (let n = 0; n < 1_500; n++) feed.offer([reading("tank", "level")], (_, taken) => waiting.push(taken));
    expect([waiting.length, feed.dropped]).toEqual([1_000, 500]);
    waiting[0]?.();
    feed.offer([reading("tank", "level")], (_, taken) => waiting.push(taken));
    expect([waiting.length, feed.dropped]).toEqual([1_001, 500]);
    feed.reset();
    // what the process before took too late frees nothing for this one
    for (const taken of waiting.splice(0)) taken();
    feed.want([{ device: "", kind: "" }]);
    for (let n = 0; n < 1_001; n++) feed.offer([reading("tank", "level")], (_, taken) => waiting.push(taken));
    expect([waiting.length, feed.dropped]).toEqual([1_000, 501]);
  });
});

it("knows the field of each kind that is one value", () => {
  expect(["level", "temperature", "pressure", "contact", "count", "tap"].map(scalarField)).toEqual([
    "metres",
    "celsius",
    "kilopascals",
    "closed",
    "total",
    undefined,
  ]);
});
