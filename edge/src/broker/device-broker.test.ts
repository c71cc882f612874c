import { entriesOf } from "@gengfu/shared/testing/held-log";
import { packet } from "@gengfu/shared/testing/mqtt-packet";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startBroker, type BrokerTestOptions, type BrokerUnderTest } from "../testing/broker-under-test.ts";
import { packetTypes, RawClient, type RawConnect } from "../testing/raw-client.ts";

const level = "gengfu/v1/tank/level";
let stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  stops = [];
});

async function broker(options: BrokerTestOptions = {}): Promise<BrokerUnderTest> {
  const started = await startBroker(options);
  stops.push(
    () => started.log.release(),
    () => started.stop(),
  );
  return started;
}

async function signedOn(port: number, connection: RawConnect = {}): Promise<RawClient> {
  const client = await RawClient.open(port);
  stops.push(() => void client.socket.destroy());
  expect(await client.signOn({ user: "tank", password: "secret", ...connection })).toBe(0);
  return client;
}

/** A round trip through the broker: what was sent before has been read, what was answered before is here. */
async function settle(client: RawClient): Promise<void> {
  client.socket.write(Buffer.from([0xc0, 0]));
  await client.next(packetTypes.pingresp);
}

describe("acknowledging", () => {
  it("waits for the commit, at QoS 1 and 2", async () => {
    const { log, port } = await broker();
    const client = await signedOn(port);
    log.hold();
    client.publish({ topic: level, payload: '{"metres":1.5}', id: 7 });
    client.publish({ topic: level, payload: '{"metres":1.6}', id: 8, qos: 2 });
    await vi.waitFor(() => expect(log.pending).toBe(2));
    // both are with the log: an acknowledgement that did not wait for it would be here after a turn of either side
    const other = await signedOn(port, { user: "panel" });
    await settle(other);
    expect(client.received.map(({ type }) => type)).toEqual([packetTypes.connack]);
    expect(await entriesOf(log)).toEqual([]);
    log.release();
    await client.acknowledgement(7);
    await client.next(packetTypes.pubrec);
    expect((await entriesOf(log)).map(({ value }) => value)).toEqual([1.5, 1.6]);
  });

  it("keeps the order of the publishes, whatever they are", async () => {
    const { log, port } = await broker({ limits: { quarantine_per_minute: 1 } });
    const client = await signedOn(port);
    log.hold();
    client.publish(
      { topic: level, payload: '{"metres":1}', id: 1 },
      { topic: "gengfu/v1/tank/contact", payload: '{"closed":true}', id: 2 },
      { topic: level, payload: "broken", id: 3 },
      { topic: level, payload: "broken and only counted", id: 4 },
      { topic: level, payload: '{"metres":2,"boot":1,"seq":1}', id: 5 },
      { topic: level, payload: '{"metres":2,"boot":1,"seq":1}', id: 6 },
    );
    await vi.waitFor(() => expect(log.pending).toBe(4));
    log.release();
    await client.acknowledgement(6);
    expect(client.acknowledged).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("takes over what a device sent before it went away, and knows it when it comes again", async () => {
    const { log, port, intake } = await broker();
    const client = await signedOn(port, { clientId: "pi" });
    log.hold();
    client.publish({ topic: level, payload: '{"metres":1.5}', id: 3 });
    await vi.waitFor(() => expect(log.pending).toBe(1));
    client.socket.resetAndDestroy();
    const again = await signedOn(port, { clientId: "pi" });
    again.publish({ topic: level, payload: '{"metres":1.5}', id: 3, dup: true });
    await vi.waitFor(() => expect(intake.repeats).toBe(1));
    expect(again.acknowledged).toEqual([]);
    log.release();
    await again.acknowledgement(3);
    expect(await entriesOf(log)).toHaveLength(1);
  });

  it("reads no further from a connection that has much waiting, and goes on when that is done", async () => {
    const { log, port } = await broker({ pending_max: 100_000 });
    const client = await signedOn(port);
    // the first goes through aedes, which waits by itself; those that follow at once don't
    client.publish({ topic: level, payload: '{"metres":1}', id: 65_535 });
    await client.acknowledgement(65_535);
    log.hold();
    const total = 20_000;
    const publishes = Array.from({ length: total }, (_, index) => ({
      topic: level,
      payload: `{"metres":1,"boot":1,"seq":${index}}`,
      id: index + 1,
    }));
    client.publish(...publishes);
    await vi.waitFor(() => expect(log.pending).toBeGreaterThan(500));
    const other = await signedOn(port, { user: "panel" });
    for (let round = 0; round < 20; round++) await settle(other);
    expect(log.pending).toBeLessThan(4_000);
    log.release();
    await client.acknowledgement(total);
    expect(client.acknowledged.slice(1)).toEqual(publishes.map(({ id }) => id));
  });

  it("takes no more over than may wait: asks others to come later, and drops what it could not take", async () => {
    const { log, port } = await broker({ pending_max: 2 });
    const client = await signedOn(port);
    log.hold();
    client.publish(...[1, 2, 3].map((id) => ({ topic: level, payload: `{"metres":${id}}`, id })));
    await vi.waitFor(() => expect(log.pending).toBe(2));
    const late = await RawClient.open(port);
    expect(await late.signOn({ user: "tank", password: "secret" })).toBe(3);
    log.release();
    await client.closed();
    expect(client.acknowledged).toEqual([1, 2]);
    await signedOn(port);
    expect((await entriesOf(log)).map(({ value }) => value)).toEqual([1, 2]);
  });
});

describe("refusing", () => {
  it("turns away unknown devices and wrong passwords with code 4, and logs that once in a while", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const { port } = await broker({ logger });
    const attempts: RawConnect[] = [
      { user: "tank", password: "wrong" },
      { user: "tank", password: "wrong again" },
      { user: "tank" },
      { user: "nobody", password: "secret" },
      { user: "nobody", password: "" },
      {},
    ];
    for (const attempt of attempts) {
      const client = await RawClient.open(port);
      expect(await client.signOn(attempt)).toBe(4);
      await client.closed();
    }
    const told = lines.map((line) => JSON.parse(line) as { device: string; reason: string });
    expect(told.map(({ device, reason }) => [device, reason])).toEqual([
      ["tank", "wrong password"],
      ["nobody", "unknown device"],
      ["", "unknown device"],
    ]);
    expect(lines.join()).not.toContain("wrong again");
  });

  it.each([
    ["another device's topic", "gengfu/v1/panel/contact"],
    ["a topic of the broker's", "$SYS/broker/uptime"],
    ["a topic beside the contract", "gengfu/v2/tank/level"],
    ["a topic that only begins like its own", "gengfu/v1/tank2/level"],
    ["wildcards", "gengfu/v1/tank/+"],
    ["wildcards over all", "gengfu/v1/#"],
  ])("drops a device that publishes on %s, without acknowledging or keeping it", async (_, topic) => {
    const { log, port } = await broker();
    const client = await signedOn(port);
    client.publish({ topic, payload: '{"metres":1}', id: 1 }, { topic: level, payload: '{"metres":2}', id: 2 });
    await client.closed();
    expect(client.acknowledged).toEqual([]);
    await settle(await signedOn(port));
    expect(await entriesOf(log)).toEqual([]);
  });

  it("grants subscriptions below the device's own topics only, and only so many", async () => {
    const { port } = await broker({ limits: { subscriptions_max: 3 } });
    const client = await signedOn(port);
    const denied = 128;
    expect(await client.subscribe("gengfu/v1/tank/error")).toBe(1);
    expect(await client.subscribe("gengfu/v1/tank/#")).toBe(1);
    for (const topic of ["#", "gengfu/v1/+/error", "gengfu/v1/panel/error", "$SYS/#", "$share/g/gengfu/v1/tank/#"]) {
      expect(await client.subscribe(topic)).toBe(denied);
    }
    expect(await client.subscribe("gengfu/v1/tank/state")).toBe(1);
    expect(await client.subscribe("gengfu/v1/tank/level")).toBe(denied);
    expect(await client.subscribe("gengfu/v1/tank/error")).toBe(1);
  });

  it("drops a connection that does not sign on in time, that speaks something else, or that is one too many", async () => {
    const { port } = await broker({ limits: { connect_timeout: 50, connections_max: 2 } });
    const idle = await RawClient.open(port);
    await idle.closed();
    const web = await RawClient.open(port);
    web.socket.write("GET / HTTP/1.1\r\n\r\n");
    await web.closed();
    const first = await signedOn(port);
    await signedOn(port, { clientId: "second" });
    const third = await RawClient.open(port);
    await third.closed();
    await settle(first);
  });

  it("ends a connection whose packet would be too large before it has been sent", async () => {
    const { port } = await broker({ limits: { packet_bytes_max: 200_000 } });
    const other = await signedOn(port, { user: "panel" });
    const client = await signedOn(port);
    client.socket.write(packet(0x32, Buffer.alloc(10), 200_001));
    await client.closed();
    await settle(other);
  });

  it("does not let one device take over another's connection by the client id", async () => {
    const { port } = await broker();
    const tank = await signedOn(port, { clientId: "same" });
    await signedOn(port, { user: "panel", clientId: "same" });
    await settle(tank);
    const again = await signedOn(port, { clientId: "same" });
    await tank.closed();
    await settle(again);
  });
});

describe("payloads that break the contract", () => {
  it("are kept, acknowledged and answered", async () => {
    const { log, port, quarantine } = await broker();
    const client = await signedOn(port);
    await client.subscribe("gengfu/v1/tank/error");
    const payloads = ['{"metres":', '{"metres":"deep"}', Buffer.from([0xff, 0xfe, 1]), Buffer.alloc(1_000_000, "x")];
    for (const [index, payload] of payloads.entries()) {
      client.publish({ topic: level, payload, id: index + 1 });
      await client.acknowledgement(index + 1);
    }
    client.publish({ topic: "gengfu/v1/tank/weight", payload: "{}", id: 9 });
    await client.acknowledgement(9);
    const kept = await entriesOf(log);
    expect(kept.map(({ kind, device, detail }) => [kind, device, detail?.["code"], detail?.["topic"]])).toEqual([
      ["quarantine", "tank", "not_json", level],
      ["quarantine", "tank", "invalid_field", level],
      ["quarantine", "tank", "not_utf8", level],
      ["quarantine", "tank", "payload_too_large", level],
      ["quarantine", "tank", "unknown_kind", "gengfu/v1/tank/weight"],
    ]);
    expect(kept[0]?.detail?.["payload"]).toBe('{"metres":');
    expect(kept[2]?.detail?.["payload"]).toBe("base64://4B");
    expect(kept[3]?.detail?.["payload"]).toBe("x".repeat(2_048));
    for (const { detail } of kept) {
      const answer = await client.next(packetTypes.publish);
      const topicLength = answer.body.readUInt16BE();
      expect(answer.body.subarray(2, 2 + topicLength).toString()).toBe("gengfu/v1/tank/error");
      expect(JSON.parse(answer.body.subarray(2 + topicLength).toString())).toEqual({
        code: detail?.["code"],
        message: detail?.["message"],
        path: detail?.["path"],
      });
    }
    expect(quarantine.total).toBe(5);
  });

  it("are counted only beyond the bound, still acknowledged, and no other device notices", async () => {
    const { log, port, quarantine } = await broker({ limits: { quarantine_per_minute: 2 } });
    const client = await signedOn(port);
    const panel = await signedOn(port, { user: "panel" });
    for (let id = 1; id <= 5; id++) client.publish({ topic: level, payload: "?", id });
    await client.acknowledgement(5);
    panel.publish({ topic: "gengfu/v1/panel/contact", payload: "?", id: 1 });
    await panel.acknowledgement(1);
    expect((await entriesOf(log)).map(({ device }) => device)).toEqual(["tank", "tank", "panel"]);
    expect(quarantine.total).toBe(6);
  });
});

describe("state", () => {
  it("is kept as a reading and retained; a last will runs through the same", async () => {
    const { log, port } = await broker();
    const state = "gengfu/v1/tank/state";
    const client = await signedOn(port, { will: { topic: state, payload: "offline", retain: true } });
    client.publish({ topic: state, payload: "online", id: 1, retain: true });
    await client.acknowledgement(1);
    client.socket.resetAndDestroy();
    await vi.waitFor(async () => expect(await entriesOf(log)).toHaveLength(2));
    expect((await entriesOf(log)).map(({ kind, value }) => [kind, value])).toEqual([
      ["state", 1],
      ["state", 0],
    ]);
    const watcher = await signedOn(port, { clientId: "watcher" });
    await watcher.subscribe(state);
    const retained = await watcher.next(packetTypes.publish);
    expect([retained.flags & 1, retained.body.toString().endsWith("offline")]).toEqual([1, true]);
  });

  it("has no last will for a device that says goodbye, nor when the broker stops", async () => {
    const started = await broker();
    const will = { topic: "gengfu/v1/tank/state", payload: "offline" };
    const polite = await signedOn(started.port, { will, clientId: "polite" });
    polite.disconnect();
    await polite.closed();
    const other = await signedOn(started.port, { will, clientId: "other" });
    await started.stop();
    await other.closed();
    expect(await entriesOf(started.log)).toEqual([]);
  });

  it("refuses a last will on a topic that is not the device's own", async () => {
    const { port } = await broker();
    const client = await RawClient.open(port);
    const will = { topic: "gengfu/v1/panel/state", payload: "offline" };
    expect(await client.signOn({ user: "tank", password: "secret", will })).toBe(5);
  });
});

it("hands devices' readings on to nobody", async () => {
  const { port } = await broker();
  const client = await signedOn(port);
  await client.subscribe("gengfu/v1/tank/#");
  client.publish({ topic: level, payload: '{"metres":1}', id: 1, retain: true });
  await client.acknowledgement(1);
  await settle(client);
  expect(client.received.filter(({ type }) => type === packetTypes.publish)).toEqual([]);
});
