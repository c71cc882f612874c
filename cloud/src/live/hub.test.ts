import { silentLogger } from "@gengfu/shared/logging";
import type { Kind, StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, test } from "vitest";
import { LiveHub, liveLimits } from "./hub.ts";
import { clientLimits, type LiveSink } from "./live-client.ts";

/** A client that can stop reading. */
class Watcher implements LiveSink {
  readonly frames: string[] = [];
  reads = true;
  ended = false;
  destroyed = false;
  #listener: () => void = () => undefined;

  write(text: string): boolean {
    this.frames.push(text);
    return this.reads;
  }

  onDrain(listener: () => void): void {
    this.#listener = listener;
  }

  readAgain(): void {
    this.reads = true;
    this.#listener();
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  get events(): string[] {
    return this.frames.filter((frame) => frame.startsWith("event:"));
  }

  /** Values of the readings that came. */
  get values(): number[] {
    return this.events.map((frame) => (JSON.parse(frame.split("data: ")[1] ?? "") as { value: number }).value);
  }
}

let clock: ManualClock;
let hub: LiveHub;
beforeEach(() => {
  clock = new ManualClock();
  hub = new LiveHub({ clock, logger: silentLogger, show: ({ kind, device, value }) => ({ kind, device, value }) });
});

let seq = 0;
function reading(kind: Kind, value: number, device = "tank"): StoredReading {
  seq += 1;
  return {
    gateway: "g",
    epoch: 1,
    seq,
    device,
    kind,
    channel: null,
    at: seq,
    receivedAt: 0,
    clock: "device",
    value,
    detail: null,
  };
}

function watch(): Watcher {
  const watcher = new Watcher();
  hub.connect(watcher);
  return watcher;
}

test("a client is told how soon to come back, and that it is in", () => {
  expect(watch().frames).toEqual([expect.stringMatching(/^retry. 2000\n: hello\n\n$/)]);
});

test("events go at once, to everyone", () => {
  const [one, other] = [watch(), watch()];
  hub.readings([reading("contact", 1)]);
  hub.alert({ id: "a" });
  hub.round({ id: "r" });
  hub.gateway({ id: "g" });
  expect(one.events).toEqual([
    'event: reading\ndata: {"kind":"contact","device":"tank","value":1}\n\n',
    'event: alert\ndata: {"id":"a"}\n\n',
    'event: round\ndata: {"id":"r"}\n\n',
    'event: gateway\ndata: {"id":"g"}\n\n',
  ]);
  expect(other.events).toEqual(one.events);
});

test("of samples the newest of each series goes, once in a quarter of a second", () => {
  const watcher = watch();
  hub.readings([reading("level", 1), reading("level", 2), reading("level", 30, "other"), reading("level", 3)]);
  expect(watcher.values).toEqual([]);
  clock.advance(liveLimits.coalesce_ms);
  expect(watcher.values).toEqual([3, 30]);
  clock.advance(liveLimits.coalesce_ms);
  expect(watcher.values).toEqual([3, 30]);
  hub.readings([reading("level", 4)]);
  clock.advance(liveLimits.coalesce_ms);
  expect(watcher.values).toEqual([3, 30, 4]);
});

test("a late sample does not replace a newer one", () => {
  const watcher = watch();
  const early = reading("level", 1);
  hub.readings([reading("level", 2), early]);
  clock.advance(liveLimits.coalesce_ms);
  expect(watcher.values).toEqual([2]);
});

test("payloads that broke the contract and gaps are not readings to watch", () => {
  const watcher = watch();
  hub.readings([reading("quarantine", 0), reading("gap", 0)]);
  clock.advance(liveLimits.coalesce_ms);
  expect(watcher.events).toEqual([]);
});

test("a heartbeat comes every 15 s", () => {
  const watcher = watch();
  clock.advance(45_000);
  expect(watcher.frames.filter((frame) => frame === ": still here\n\n")).toHaveLength(3);
});

describe("a client that does not read", () => {
  test("gets all events, and of the samples the newest, when it reads again", () => {
    const watcher = watch();
    watcher.reads = false;
    hub.readings([reading("contact", 1)]);
    for (let value = 2; value <= 4; value++) {
      hub.readings([reading("contact", value), reading("level", value * 10)]);
      clock.advance(liveLimits.coalesce_ms);
    }
    expect(watcher.values).toEqual([1]);
    watcher.readAgain();
    expect(watcher.values).toEqual([1, 2, 3, 4, 40]);
  });

  test("loses the oldest samples beyond the bound, which are counted", () => {
    const watcher = watch();
    watcher.reads = false;
    hub.readings([reading("contact", 1)]);
    const extra = 10;
    for (let index = 0; index < clientLimits.samples_max + extra; index++)
      hub.readings([reading("level", index, `d${index}`)]);
    clock.advance(liveLimits.coalesce_ms);
    expect(hub.dropped).toBe(extra);
    watcher.readAgain();
    expect(watcher.values).toHaveLength(1 + clientLimits.samples_max);
    expect(watcher.values[1]).toBe(extra);
  });

  test("is cut off when too many events wait, rather than miss some", () => {
    const [lazy, keen] = [watch(), watch()];
    lazy.reads = false;
    const alert = { text: "x".repeat(1_000_000) };
    for (let index = 0; index < 10; index++) hub.alert(alert);
    expect(lazy.destroyed).toBe(true);
    expect(keen.events).toHaveLength(10);
    expect([hub.clients, hub.disconnected]).toEqual([1, 1]);
  });

  test("is cut off when it has not read for a minute, even if nothing happens", () => {
    const watcher = watch();
    watcher.reads = false;
    hub.alert({});
    clock.advance(3 * liveLimits.heartbeat_ms);
    expect(watcher.destroyed).toBe(false);
    clock.advance(liveLimits.heartbeat_ms);
    expect(watcher.destroyed).toBe(true);
    expect(hub.clients).toBe(0);
  });
});

test("no more clients than the bound, none after the end, and all are ended in good order", () => {
  const watchers = Array.from({ length: liveLimits.clients_max }, watch);
  expect(hub.full).toBe(true);
  hub.stop();
  expect(hub.full).toBe(true);
  expect(watchers.every(({ ended, destroyed }) => ended && !destroyed)).toBe(true);
  expect(hub.clients).toBe(0);
});

test("a client that went away is told nothing more, and nothing is kept while no one watches", () => {
  const watcher = new Watcher();
  const done = hub.connect(watcher);
  hub.readings([reading("level", 1)]);
  done();
  clock.advance(60_000);
  hub.alert({});
  expect(watcher.events).toEqual([]);
  const next = watch();
  clock.advance(liveLimits.coalesce_ms);
  expect(next.events).toEqual([]);
});
