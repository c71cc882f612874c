import { memoryLog } from "@gengfu/shared/log/memory-log";
import { lanes } from "@gengfu/shared/model/reading";
import { silentLogger } from "@gengfu/shared/logging";
import type { SiteDevice } from "@gengfu/shared/model/site";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { systemClock } from "@gengfu/shared/time/clock";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import { Intake } from "../intake/intake.ts";
import { Quarantine } from "../intake/quarantine.ts";
import { startBroker } from "../testing/broker-under-test.ts";
import { hasMosquitto, mosquittoPub } from "../testing/mosquitto.ts";
import { packetTypes, RawClient, type RawConnect } from "../testing/raw-client.ts";
import { Troubles } from "../troubles.ts";
import { ForeignBridges } from "./foreign-bridges.ts";
import { Proposer } from "./proposal.ts";
import { foreignSchema } from "./schema.ts";
import { Unclaimed } from "./unclaimed.ts";

const devices: SiteDevice[] = [
  { id: "door", name: { zh: "门", en: "Door" }, type: "other", measures: [{ kind: "contact" }] },
  {
    id: "boiler",
    name: { zh: "锅炉", en: "Boiler" },
    type: "boiler",
    measures: [
      { kind: "temperature", channel: "supply" },
      { kind: "temperature", channel: "return" },
    ],
  },
];
const bridges = foreignSchema.parse([
  { id: "zigbee", secret: "secret", preset: "zigbee2mqtt", devices: { front: "door" } },
  { id: "shelly", secret: "secret", preset: "shelly" },
  {
    id: "tasmota",
    secret: "secret",
    preset: "tasmota",
    devices: { heat: { device: "boiler", values: { "DS18B20-1": "supply", "DS18B20-2": "return" } } },
  },
]);

/** A device broker that lets the bridges in, over a log in memory, which may be that of one before. */
async function gateway(log = new HeldLog(memoryLog<EdgeEntry>())) {
  const clock = systemClock;
  const time = { stamp: () => ({ at: clock.now(), clock: "synchronised" as const }) };
  const intake = new Intake({ log, time, pending_max: 10_000, deferral: null, clock });
  for (const lane of lanes) intake.restore(await log.read(lane, 0, { entries: Infinity }));
  const troubles = new Troubles();
  const unclaimed = new Unclaimed(clock, new Proposer(bridges, devices).propose);
  const foreign = new ForeignBridges({
    bridges,
    devices,
    deliver: intake.deliver,
    trails: intake.trails,
    quarantine: new Quarantine(clock, 10),
    unclaimed,
    troubles,
    random: Math.random,
    clock,
    logger: silentLogger,
  });
  const broker = await startBroker({ log, intake, foreign, troubles });
  onTestFinished(() => broker.stop());
  return { ...broker, troubles, unclaimed };
}

async function signedOn(port: number, user = "zigbee", more: RawConnect = {}): Promise<RawClient> {
  const client = await RawClient.open(port);
  expect(await client.signOn({ user, password: "secret", clientId: "bridge", ...more })).toBe(0);
  onTestFinished(() => void client.socket.destroy());
  return client;
}

const front = "zigbee2mqtt/front";
const open = '{"contact":false}';

async function told(log: HeldLog<EdgeEntry>): Promise<unknown[]> {
  return (await entriesOf(log)).map(({ device, kind, channel, value }) => [device, kind, channel, value]);
}

describe("a bridge at the gateway's broker", () => {
  it("gets its PUBACK once all that a publish tells is on disk", async () => {
    const { port, log } = await gateway();
    const client = await signedOn(port, "tasmota");
    log.hold();
    const payload = '{"DS18B20-1":{"Temperature":71.2},"DS18B20-2":{"Temperature":58.9},"TempUnit":"C"}';
    client.publish({ topic: "tele/heat/SENSOR", payload, id: 7 });
    await vi.waitFor(() => expect(log.pending).toBe(2));
    const other = await signedOn(port);
    await other.subscribe("zigbee2mqtt/#");
    expect(client.acknowledged).toEqual([]);
    log.release();
    await client.acknowledgement(7);
    expect(await told(log)).toEqual([
      ["boiler", "temperature", "supply", 71.2],
      ["boiler", "temperature", "return", 58.9],
    ]);
  });

  it("is taken as it is at QoS 0", async () => {
    const { port, log } = await gateway();
    const client = await signedOn(port);
    client.publish({ topic: front, payload: open, qos: 0 }, { topic: front, payload: '{"contact":true}', id: 1 });
    await client.acknowledgement(1);
    expect(await told(log)).toEqual([
      ["door", "contact", null, 0],
      ["door", "contact", null, 1],
    ]);
  });

  it("is acknowledged for what is of no interest, in its turn", async () => {
    const { port, log } = await gateway();
    const client = await signedOn(port);
    client.publish(
      { topic: "zigbee2mqtt/bridge/info", payload: "{}", id: 1, retain: true },
      { topic: front, payload: open, id: 2, retain: true },
      { topic: "homeassistant/sensor/x/config", payload: "{}", id: 3 },
    );
    await client.acknowledgement(3);
    expect(client.acknowledged).toEqual([1, 2, 3]);
    expect(await told(log)).toHaveLength(1);
  });

  it("is read on whatever it sends at QoS 0, and however fast", async () => {
    const { port, log } = await gateway();
    const client = await signedOn(port);
    const aside = { topic: "zigbee2mqtt/bridge/logging", payload: "{}", qos: 0 } as const;
    client.publish(...Array.from({ length: 500 }, () => aside), { topic: front, payload: open, id: 1 });
    await client.acknowledgement(1);
    expect(await told(log)).toHaveLength(1);
  });

  it.each(["gengfu/v1/door/contact", "gengfu/v1/zigbee/state", "tele/heat/SENSOR", "$SYS/x"])(
    "may not publish on %s",
    async (topic) => {
      const { port, log } = await gateway();
      const client = await signedOn(port);
      client.publish({ topic, payload: '{"closed":true}', id: 1 });
      await client.closed();
      expect(client.acknowledged).toEqual([]);
      expect(await told(log)).toEqual([]);
    },
  );

  it("has nothing of our devices' though its topics are any", async () => {
    const { port } = await gateway();
    const client = await signedOn(port, "shelly");
    expect(await client.subscribe("shellies/#", 1)).toBe(1);
    for (const filter of ["#", "+/#", "+/v1/door/state", "gengfu/#", "$SYS/#"]) {
      expect([filter, await client.subscribe(filter, 2)]).toEqual([filter, 0x80]);
    }
    client.publish({ topic: "gengfu/v1/door/contact", payload: '{"closed":true}', id: 1 });
    await client.closed();
    expect(client.acknowledged).toEqual([]);
  });

  it("may subscribe to its own topics only, and is told nothing by others", async () => {
    const { port } = await gateway();
    const client = await signedOn(port);
    expect(await client.subscribe("zigbee2mqtt/#", 1)).toBe(1);
    expect(await client.subscribe("zigbee2mqtt/+/set", 2)).toBe(1);
    expect(await client.subscribe("#", 3)).toBe(0x80);
    expect(await client.subscribe("gengfu/v1/#", 4)).toBe(0x80);
    const other = await signedOn(port, "zigbee", { clientId: "another" });
    other.publish({ topic: front, payload: open, id: 9, retain: true });
    await other.acknowledgement(9);
    client.publish({ topic: front, payload: open, id: 5 });
    await client.acknowledgement(5);
    expect(client.received.filter(({ type }) => type === packetTypes.publish)).toEqual([]);
  });

  it("is refused with a wrong password, and its last will on a foreign topic", async () => {
    const { port } = await gateway();
    const wrong = await RawClient.open(port);
    expect(await wrong.signOn({ user: "zigbee", password: "wrong" })).toBe(4);
    const will = await RawClient.open(port);
    const foreign = { topic: "gengfu/v1/door/state", payload: "offline" };
    expect(await will.signOn({ user: "zigbee", password: "secret", will: foreign })).toBe(5);
  });

  it("tells by its last will that it is gone, which is a trouble until it is back", async () => {
    const { port, troubles } = await gateway();
    const will = { topic: "zigbee2mqtt/bridge/state", payload: '{"state":"offline"}', retain: true };
    const client = await signedOn(port, "zigbee", { will });
    client.socket.destroy();
    await expect.poll(() => troubles.list()).toEqual([expect.stringMatching(/网桥 zigbee.*bridge zigbee/)]);
    const again = await signedOn(port, "zigbee", { will });
    again.publish({ topic: "zigbee2mqtt/bridge/state", payload: '{"state":"online"}', id: 1 });
    await again.acknowledgement(1);
    expect(troubles.list()).toEqual([]);
  });

  it("makes no second reading of what it repeats, even of several series and after a restart", async () => {
    const first = await gateway();
    const sensor = {
      topic: "tele/heat/SENSOR",
      payload: '{"DS18B20-1":{"Temperature":71.2},"DS18B20-2":{"Temperature":58.9},"TempUnit":"C"}',
      id: 7,
    };
    const client = await signedOn(first.port, "tasmota");
    client.publish(sensor);
    await client.acknowledgement(7);
    client.socket.destroy();
    const again = await signedOn(first.port, "tasmota");
    again.publish({ ...sensor, dup: true });
    await again.acknowledgement(7);
    expect(await told(first.log)).toHaveLength(2);
    await first.stop();
    const next = await gateway(first.log);
    const later = await signedOn(next.port, "tasmota");
    later.publish({ ...sensor, dup: true });
    await later.acknowledgement(7);
    expect(await told(first.log)).toHaveLength(2);
    later.publish(sensor);
    await later.acknowledgement(7);
    expect(await told(first.log)).toHaveLength(4);
  });

  it("has what breaks the contract put into quarantine, and acknowledged", async () => {
    const { port, log } = await gateway();
    const client = await signedOn(port);
    client.publish({ topic: front, payload: '{"contact":"ajar"}', id: 1 });
    await client.acknowledgement(1);
    const [entry] = await entriesOf(log);
    expect(entry).toMatchObject({
      device: "door",
      kind: "quarantine",
      detail: { topic: front, code: "invalid_field", path: "closed", payload: '{"contact":"ajar"}' },
    });
  });

  it("has its unknown devices listed, as is whoever is refused under an unknown name", async () => {
    const { port, log, unclaimed } = await gateway();
    const client = await signedOn(port);
    client.publish({ topic: "zigbee2mqtt/window", payload: open, id: 1 });
    await client.acknowledgement(1);
    const stranger = await RawClient.open(port);
    expect(await stranger.signOn({ user: "esp-kitchen", password: "x" })).toBe(4);
    const wrong = await RawClient.open(port);
    expect(await wrong.signOn({ user: "tank", password: "x" })).toBe(4);
    expect(await told(log)).toEqual([]);
    expect(unclaimed.report().devices).toMatchObject([
      { via: "", name: "esp-kitchen", reason: "not_signed_on", count: 1 },
      { via: "zigbee", name: "window", reason: "unknown_device", topics: [{ payload: open }] },
    ]);
  });

  it.skipIf(!hasMosquitto)("is any MQTT client", async () => {
    const { port, log } = await gateway();
    const account = { port, user: "zigbee", password: "secret" };
    expect(await mosquittoPub(account, "-q", "1", "-t", front, "-m", open)).toBe(0);
    expect(await mosquittoPub(account, "-q", "2", "-t", front, "-m", open)).toBe(0);
    expect(await told(log)).toHaveLength(2);
  });
});
