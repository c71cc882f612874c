import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock, systemClock } from "@gengfu/shared/time/clock";
import { afterEach, describe, expect, test, vi } from "vitest";
import { TestBroker } from "../test-broker.ts";
import { DeviceConnection } from "./device-connection.ts";

const broker = new TestBroker();
const connections: DeviceConnection[] = [];
const clock = new ManualClock();
const troubles: string[] = [];

afterEach(async () => {
  broker.holds = false;
  await Promise.all(connections.splice(0).map((connection) => connection.stop()));
  await broker.stop();
  broker.seen.length = 0;
  broker.held.length = 0;
  broker.password = "demo";
  troubles.length = 0;
});

function connectTo(port: number): DeviceConnection {
  const connection = new DeviceConnection({
    broker: `mqtt://127.0.0.1:${port}`,
    device: "dev-1",
    secret: "demo",
    boot: 7,
    clock,
    lineClock: systemClock,
    logger: silentLogger,
    onTrouble: (reason) => troubles.push(reason),
    reconnect_ms: 20,
  });
  connections.push(connection);
  connection.start();
  return connection;
}

const level = (metres: number) => ({ device: "dev-1", kind: "level", fields: { metres } }) as const;

describe("a device's connection", () => {
  test("retains online, then offline on a clean end", async () => {
    const connection = connectTo(await broker.start());
    await vi.waitFor(() => expect(broker.texts("state")).toEqual(["online"]));
    await connection.stop();
    expect(broker.texts("state")).toEqual(["online", "offline"]);
    expect(broker.seen.every(({ topic, retain }) => retain === topic.endsWith("/state"))).toBe(true);
  });

  test("leaves offline as its last will when it is cut off, and comes back", async () => {
    connectTo(await broker.start());
    await vi.waitFor(() => expect(broker.texts("state")).toEqual(["online"]));
    broker.cut();
    await vi.waitFor(() => expect(broker.texts("state")).toEqual(["online", "offline", "online"]));
    expect(troubles).toContain("connection lost");
  });

  test("numbers its publishes and gives no time, save for a tap", async () => {
    const connection = connectTo(await broker.start());
    await vi.waitFor(() => expect(connection.stats.connected).toBe(1));
    connection.offer(level(1.5));
    connection.offer({ device: "dev-1", kind: "tap", fields: { card: "04A1B2C3" } });
    await vi.waitFor(() => expect(connection.stats).toMatchObject({ published: 3, waiting: 0 }));
    expect(broker.texts("level")).toEqual(['{"metres":1.5,"boot":7,"seq":1}']);
    expect(broker.texts("tap")).toEqual(['{"card":"04A1B2C3","age":0,"boot":7,"seq":2}']);
  });

  test("keeps what it measured until a broker is there, and then says how old it is", async () => {
    const port = await broker.start();
    await broker.stop();
    const connection = connectTo(port);
    connection.offer(level(1.5));
    clock.advance(90_000);
    connection.offer(level(1.4));
    await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(1));
    expect(connection.stats).toMatchObject({ published: 0, waiting: 2 });
    await broker.start(port);
    await vi.waitFor(() =>
      expect(broker.texts("level")).toEqual([
        '{"metres":1.5,"age":90000,"boot":7,"seq":1}',
        '{"metres":1.4,"boot":7,"seq":2}',
      ]),
    );
  });

  test("repeats with the same number what no one acknowledged, over a restart of the broker", async () => {
    const port = await broker.start();
    const connection = connectTo(port);
    await vi.waitFor(() => expect(connection.stats.published).toBe(1));
    broker.holds = true;
    connection.offer(level(1.5));
    await vi.waitFor(() => expect(broker.held.length).toBe(1));
    await broker.stop();
    broker.holds = false;
    connection.offer(level(1.4));
    await broker.start(port);
    await vi.waitFor(() => expect(connection.stats).toMatchObject({ waiting: 0 }));
    expect(broker.texts("level")).toEqual(['{"metres":1.5,"boot":7,"seq":1}', '{"metres":1.4,"boot":7,"seq":2}']);
    expect(broker.held[0]?.text).toBe('{"metres":1.5,"boot":7,"seq":1}');
  });

  test("has only so many publishes on the way, and only so many waiting", async () => {
    const connection = connectTo(await broker.start());
    await vi.waitFor(() => expect(connection.stats.published).toBe(1));
    broker.holds = true;
    for (let index = 0; index < 600; index++) connection.offer(level(1));
    expect(connection.stats).toMatchObject({ waiting: 516, dropped: 84 });
    broker.holds = false;
    broker.cut();
    await vi.waitFor(() => expect(connection.stats).toMatchObject({ waiting: 0, published: 518 }));
  });

  test("goes on trying where its password is refused", async () => {
    broker.password = "other";
    const connection = connectTo(await broker.start());
    await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(2));
    expect(troubles.join()).toMatch(/refused/i);
    broker.password = "demo";
    await vi.waitFor(() => expect(connection.stats.connected).toBe(1));
  });

  test("loses all at a reboot, counts its boot, and begins again at 1", async () => {
    const connection = connectTo(await broker.start());
    await vi.waitFor(() => expect(connection.stats.connected).toBe(1));
    connection.offer(level(1.5));
    await vi.waitFor(() => expect(broker.texts("level").length).toBe(1));
    broker.holds = true;
    connection.offer(level(1.4));
    await vi.waitFor(() => expect(broker.held.length).toBe(1));
    broker.holds = false;
    connection.reboot();
    connection.offer(level(1.3));
    await vi.waitFor(() => expect(broker.texts("level")[1]).toBe('{"metres":1.3,"boot":8,"seq":1}'));
    expect(broker.texts("state")).toEqual(["online", "offline", "online"]);
    expect(troubles).toEqual([]);
  });

  test("hears what the edge put into quarantine", async () => {
    const connection = connectTo(await broker.start());
    await vi.waitFor(() => expect(connection.stats.connected).toBe(1));
    // the subscription follows the connection: one of the answers comes after it
    await vi.waitFor(async () => {
      await broker.say("gengfu/v1/dev-1/error", '{"code":"not_json","message":"no","path":""}');
      expect(connection.stats.refused).toBeGreaterThan(0);
    });
  });

  test("ends where there never was a broker", async () => {
    const port = await broker.start();
    await broker.stop();
    const connection = connectTo(port);
    await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(0));
    await connection.stop();
    await connection.stop();
  });
});
