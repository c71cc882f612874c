import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { site } from "@gengfu/shared/model/site";
import { ManualClock } from "@gengfu/shared/time/clock";
import { unclaimedReport, type UnclaimedDevice } from "@gengfu/shared/uplink-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { readEdgeConfig } from "../config.ts";
import { ForeignMapper } from "./foreign-mapper.ts";
import { Proposer } from "./proposal.ts";
import { foreignSchema } from "./schema.ts";
import { UnclaimedTeller } from "./unclaimed-teller.ts";
import { Unclaimed } from "./unclaimed.ts";

const where = site.parse({
  id: "court",
  name: "Court",
  gateways: [{ id: "g", name: "G", secret: "s" }],
  devices: [{ id: "door", name: { zh: "门", en: "Door" }, measures: [{ kind: "contact" }] }],
});

/** A register of what the bridges of a test publish. */
function register(...bridges: object[]) {
  const configs = foreignSchema.parse(bridges);
  const clock = new ManualClock();
  const unclaimed = new Unclaimed(clock, new Proposer(configs, where.devices).propose);
  const mappers = new Map(configs.map((config) => [config.id, new ForeignMapper(config, where.devices)]));
  return {
    clock,
    unclaimed,
    say: (via: string, topic: string, payload: string): void => {
      const bytes = Buffer.from(payload);
      const found = mappers.get(via)?.map(topic, bytes).unclaimed;
      if (found !== undefined) unclaimed.publish({ via, topic, payload: bytes, ...found });
    },
    only: (): UnclaimedDevice => {
      const { devices } = unclaimedReport.parse(unclaimed.report());
      expect(devices).toHaveLength(1);
      return devices[0] as UnclaimedDevice;
    },
  };
}

const zigbee = { id: "zigbee", secret: "s", preset: "zigbee2mqtt", devices: { door: "door" } };

/** Puts a proposal into files as a person would, and reads them as the gateway does. */
function configured({ proposal }: UnclaimedDevice) {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-proposal-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const mine = (text: string | null): string => (text ?? "").replaceAll("file:/etc/gengfu/", "secret-of-");
  const proposed = (parse(mine(proposal.site)) ?? {}) as { devices?: { id: string }[] };
  const ids = new Set(proposed.devices?.map(({ id }) => id));
  const there = { id: "door", name: "Door", measures: [{ kind: "contact" }] };
  const devices = [...(ids.has("door") ? [] : [there]), ...(proposed.devices ?? [])];
  const gateways = [{ id: "g", name: "G", secret: "s" }];
  writeFileSync(join(folder, "site.yaml"), JSON.stringify({ id: "court", name: "Court", gateways, devices }));
  const edge = `gateway: g\nuplink: { url: "mqtt://127.0.0.1:1" }\n${mine(proposal.edge)}`;
  writeFileSync(join(folder, "edge.yaml"), edge);
  return readEdgeConfig(join(folder, "edge.yaml"), {});
}

describe("who is in no configuration", () => {
  it("is listed with what it sent, how often and when", () => {
    const { clock, say, only } = register(zigbee);
    const start = clock.now();
    say("zigbee", "zigbee2mqtt/window", '{"contact":true}');
    clock.advance(5_000);
    say("zigbee", "zigbee2mqtt/window", '{"contact":false}');
    say("zigbee", "zigbee2mqtt/window/availability", "online");
    expect(only()).toMatchObject({
      via: "zigbee",
      name: "window",
      reason: "unknown_device",
      count: 3,
      firstSeenAt: start,
      lastSeenAt: start + 5_000,
      topics: [
        { topic: "zigbee2mqtt/window/availability", payload: "online", count: 1 },
        { topic: "zigbee2mqtt/window", payload: '{"contact":false}', count: 2, lastSeenAt: start + 5_000 },
      ],
    });
  });

  it("is not one that is configured, nor what is of no interest", () => {
    const { say, unclaimed } = register(zigbee);
    say("zigbee", "zigbee2mqtt/door", '{"contact":true}');
    say("zigbee", "zigbee2mqtt/bridge/logging", '{"level":"info","message":"hello"}');
    expect(unclaimed.report()).toEqual({ devices: [], forgotten: 0 });
  });

  it("is forgotten at the bound, the one silent for longest first, and counted", () => {
    const { say, unclaimed } = register(zigbee);
    for (let n = 0; n < 1_000; n++) say("zigbee", `zigbee2mqtt/d${n}`, `{"x":"${"y".repeat(60_000)}"}`);
    for (let n = 0; n < 100; n++) say("zigbee", `zigbee2mqtt/${"many".repeat(100)}`, "{}");
    const report = unclaimedReport.parse(unclaimed.report());
    expect(report.devices).toHaveLength(50);
    expect(report.forgotten).toBe(951);
    expect(report.devices.map(({ name }) => name)).toContain("d999");
    expect(JSON.stringify(report).length).toBeLessThan(250_000);
  });

  it("is shown safely, whatever the bytes", () => {
    const { unclaimed, only } = register(zigbee);
    unclaimed.publish({
      via: "zigbee",
      name: "\ud800x",
      reason: "unknown_device",
      topic: "zigbee2mqtt/\ud800x",
      payload: Buffer.from([0xff, 0xfe]),
      seen: [],
    });
    expect(only().topics[0]?.payload).toBe("base64://4=");
  });
});

describe("the proposal", () => {
  it("claims a device of a bridge, and the gateway then takes its readings", () => {
    const { say, only } = register(zigbee);
    say("zigbee", "zigbee2mqtt/Pump room: leak", '{"water_leak":true,"temperature":20.5,"battery":90,"voltage":3000}');
    const config = configured(only());
    const [bridge] = config.foreign;
    if (bridge === undefined) throw new Error("no bridge");
    const mapper = new ForeignMapper(bridge, config.devices);
    const { readings } = mapper.map(
      "zigbee2mqtt/Pump room: leak",
      Buffer.from('{"water_leak":false,"temperature":21,"battery":90,"voltage":3000}'),
    );
    expect(readings.map(({ device, message: { kind, channel } }) => [device, kind, channel])).toEqual([
      ["pump-room-leak", "contact", null],
      ["pump-room-leak", "temperature", null],
      ["pump-room-leak", "status", null],
    ]);
  });

  it("names a preset that knows the topics of a bridge without one", () => {
    const { say, only } = register({ id: "plain", secret: "s", topics: ["#"] });
    say("plain", "tele/boiler/SENSOR", '{"Time":"2026-01-05T08:00:00","DS18B20":{"Temperature":49.7},"TempUnit":"C"}');
    const { foreign, devices } = configured(only());
    expect(foreign).toMatchObject([{ id: "plain", preset: "tasmota", devices: { boiler: "boiler" } }]);
    expect(devices.at(-1)).toMatchObject({ id: "boiler", measures: [{ kind: "temperature" }] });
  });

  it("maps a topic that nobody knows, by the names of what stands there", () => {
    const { say, only } = register({ id: "plain", secret: "s", topics: ["#"] });
    say("plain", "plant/tank-7/data", '{"water_level":1.5,"pump_temp":40,"note":"x"}');
    const config = configured(only());
    const [bridge] = config.foreign;
    if (bridge === undefined) throw new Error("no bridge");
    const { readings } = new ForeignMapper(bridge, config.devices).map(
      "plant/tank-7/data",
      Buffer.from('{"water_level":1.4,"pump_temp":41}'),
    );
    expect(readings.map(({ message: { kind, channel, value } }) => [kind, channel, value])).toEqual([
      ["level", "water_level", 1.4],
      ["temperature", "pump_temp", 41],
    ]);
  });

  it("adds to a device that is there what it tells besides", () => {
    const { say, only } = register(zigbee);
    say("zigbee", "zigbee2mqtt/door", '{"temperature":20}');
    const one = only();
    expect(one).toMatchObject({ name: "door", reason: "not_measured", proposal: { edge: null } });
    expect(configured(one).devices[0]?.measures).toEqual([
      { kind: "contact" },
      { kind: "temperature", channel: "temperature" },
    ]);
  });

  it("is a device of ours for one that was refused at its sign-on", () => {
    const { unclaimed, only } = register(zigbee);
    unclaimed.refused('new "sensor"\nid: x');
    const one = only();
    expect(one).toMatchObject({ via: "", reason: "not_signed_on", topics: [], proposal: { edge: null } });
    expect(configured(one).devices.at(-1)).toMatchObject({ id: "new-sensor-id-x", secret: expect.any(String) });
  });

  it.each(["", "门", "door", "a".repeat(300), "- {}", "#", "0x00158d0001a2b3c4", "yes", "1e3", "%{x}"])(
    "keeps the schemas for a device that calls itself %j",
    (name) => {
      const { unclaimed, only } = register(zigbee);
      const seen = [{ name: "contact", kind: "contact", isPlain: true } as const];
      unclaimed.publish({ via: "zigbee", name, reason: "unknown_device", topic: "t", payload: Buffer.alloc(0), seen });
      if (name !== "") expect(configured(only()).foreign).toHaveLength(1);
    },
  );
});

describe("telling the cloud", () => {
  it("happens on each connection, at once for who is new, and else once a minute", () => {
    const { clock, say, unclaimed } = register(zigbee);
    const teller = new UnclaimedTeller(unclaimed, clock);
    const told = (): number | null => {
      const json = teller.next();
      return json === null ? null : unclaimedReport.parse(JSON.parse(json)).devices.length;
    };
    expect([told(), told()]).toEqual([0, null]);
    say("zigbee", "zigbee2mqtt/a", '{"contact":true}');
    expect([told(), told()]).toEqual([1, null]);
    say("zigbee", "zigbee2mqtt/a", '{"contact":false}');
    expect(told()).toBeNull();
    clock.advance(60_000);
    expect([told(), told()]).toEqual([1, null]);
    expect(new UnclaimedTeller(unclaimed, clock).next()).not.toBeNull();
  });
});
