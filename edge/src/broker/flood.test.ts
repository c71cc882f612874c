import { entriesOf } from "@gengfu/shared/testing/held-log";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startBroker, type BrokerTestOptions, type BrokerUnderTest } from "../testing/broker-under-test.ts";
import { encodePublish, RawClient } from "../testing/raw-client.ts";
import { Troubles } from "../troubles.ts";
import { brokerLimits } from "./schema.ts";

const flood = (limits: object): BrokerTestOptions => ({
  limits: { flood: brokerLimits.parse({ flood: limits }).flood },
});

async function broker(options: BrokerTestOptions): Promise<BrokerUnderTest> {
  const started = await startBroker(options);
  onTestFinished(() => {
    started.log.release();
    return started.stop();
  });
  return started;
}

async function signedOn(port: number, user: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  onTestFinished(() => void client.socket.destroy());
  expect(await client.signOn({ user, password: "secret" })).toBe(0);
  return client;
}

/** Many publishes in one write; ids from 1 on. */
function burst(user: string, count: number, qos: 0 | 1, from = 1): Buffer {
  const topic = `gengfu/v1/${user}/level`;
  return Buffer.concat(
    Array.from({ length: count }, (_, n) =>
      encodePublish({ topic, payload: `{"metres":${n % 50}}`, id: from + n, qos }),
    ),
  );
}

/** Milliseconds until one publish of another device is acknowledged. */
async function latency(other: RawClient, id: number): Promise<number> {
  const sent = performance.now();
  other.publish({ topic: "gengfu/v1/panel/contact", payload: '{"closed":true}', id });
  await other.acknowledgement(id);
  return performance.now() - sent;
}

describe("a device beyond its limit", () => {
  it("is held back at QoS 1 by the connection, loses nothing, and others don't notice", async () => {
    const { log, port } = await broker(flood({ messages_per_second_max: 200, burst_seconds: 1 }));
    const tank = await signedOn(port, "tank");
    const panel = await signedOn(port, "panel");
    const started = performance.now();
    // written piece by piece, so that not all of it is read at once
    for (let part = 0; part < 10; part++) {
      tank.socket.write(burst("tank", 50, 1, 1 + part * 50));
      expect(await latency(panel, part + 1)).toBeLessThan(500);
    }
    await tank.acknowledgement(500);
    const took_ms = performance.now() - started;
    // 200 at once, 300 more at 200 a second
    expect(took_ms).toBeGreaterThan(1_000);
    expect(tank.acknowledged).toHaveLength(500);
    expect((await entriesOf(log)).filter(({ device }) => device === "tank")).toHaveLength(500);
  });

  it("loses at QoS 0 what is beyond it, and that is counted", async () => {
    const { log, port, dropped } = await broker(flood({ messages_per_second_max: 1, burst_seconds: 10 }));
    const tank = await signedOn(port, "tank");
    tank.socket.write(burst("tank", 500, 0));
    await vi.waitFor(() => expect(dropped()).toBeGreaterThanOrEqual(485));
    const taken = (await entriesOf(log)).length;
    expect(taken).toBeGreaterThanOrEqual(10);
    expect(taken + dropped()).toBe(500);
  });
});

it("never loses the last will of a device beyond its limit", async () => {
  const { log, port, dropped } = await broker(flood({ messages_per_second_max: 0.01, burst_seconds: 0 }));
  const client = await RawClient.open(port);
  const will = { topic: "gengfu/v1/tank/state", payload: "offline" };
  expect(await client.signOn({ user: "tank", password: "secret", will })).toBe(0);
  client.socket.write(burst("tank", 50, 0));
  await vi.waitFor(() => expect(dropped()).toBe(49));
  client.socket.destroy();
  await vi.waitFor(async () => expect((await entriesOf(log)).at(-1)).toMatchObject({ kind: "state", value: 0 }));
});

describe("a device that floods without a limit", () => {
  it("is reported while it does, and may hold little while much waits for the disk", async () => {
    const troubles = new Troubles();
    let isPressed = false;
    const { log, port } = await broker({
      ...flood({ reported_above: 100, reported_after: "200ms" }),
      troubles,
      isPressed: () => isPressed,
    });
    const tank = await signedOn(port, "tank");
    const panel = await signedOn(port, "panel");
    let id = 1;
    const over = new AbortController();
    onTestFinished(() => over.abort());
    const pour = async (): Promise<void> => {
      while (!over.signal.aborted) {
        tank.socket.write(burst("tank", 20, 1, 1 + (id++ % 1_000) * 20));
        await pause(systemClock, 10, over.signal);
      }
    };
    const poured = pour();
    await vi.waitFor(
      () => expect(troubles.list()).toEqual([expect.stringMatching(/设备 tank .*The device tank sends about \d+/)]),
      { timeout: 10_000 },
    );
    isPressed = true;
    log.hold();
    await vi.waitFor(() => expect(log.pending).toBeGreaterThanOrEqual(16));
    tank.socket.write(burst("tank", 2_000, 1));
    const other = latency(panel, 1);
    // the other's is with the log, while the flood is not read any further
    await vi.waitFor(async () => expect(log.pending).toBeGreaterThan(16));
    const held = log.pending;
    expect(held).toBeLessThan(1_200);
    log.release();
    expect(await other).toBeLessThan(5_000);
    over.abort();
    await poured;
    await vi.waitFor(() => expect(troubles.list()).toEqual([]), { timeout: 10_000 });
  });
});
