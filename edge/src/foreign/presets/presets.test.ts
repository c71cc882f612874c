import type { Measure, SiteDevice } from "@gengfu/shared/model/site";
import { describe, expect, it, test } from "vitest";
import { ForeignMapper, type Mapped } from "../foreign-mapper.ts";
import { foreignSchema, type BridgeConfig } from "../schema.ts";

type Measures = readonly (readonly [kind: Measure["kind"], channel?: string])[];
/** What a test expects of a reading: kind, channel, value or detail, and the time where the payload tells it. */
type Row = [kind: string, channel: string | null, value: unknown, at?: number];

function device(id: string, measures: Measures): SiteDevice {
  return {
    id,
    name: { zh: id, en: id },
    type: "other",
    measures: measures.map(([kind, channel]) => (channel === undefined ? { kind } : { kind, channel })),
  };
}

function mapperOf(
  preset: NonNullable<BridgeConfig["preset"]>,
  name: string,
  measures: Measures,
  values: Record<string, unknown> = {},
): ForeignMapper {
  const [bridge] = foreignSchema.parse([
    { id: "bridge", secret: "s", preset, devices: { [name]: { device: "thing", values } } },
  ]);
  if (bridge === undefined) throw new Error("no bridge");
  return new ForeignMapper(bridge, [device("thing", measures)]);
}

function rows({ readings }: Mapped): Row[] {
  return readings.map(({ message: { kind, channel, value, detail, at } }): Row => {
    const shown = value ?? detail;
    return at === null ? [kind, channel, shown] : [kind, channel, shown, at];
  });
}

const say = (mapper: ForeignMapper, topic: string, payload: unknown): Mapped =>
  mapper.map(topic, Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)));

describe("Zigbee2MQTT", () => {
  // https://www.zigbee2mqtt.io/devices/MCCGQ11LM.html: contact is closed (= true) or open (= false), voltage in mV
  it("takes an Aqara door sensor, whose contact is true when it is closed", () => {
    const mapper = mapperOf("zigbee2mqtt", "0x00158d0001a2b3c4", [["contact"], ["status"]]);
    const topic = "zigbee2mqtt/0x00158d0001a2b3c4";
    const shut = { battery: 100, contact: true, device_temperature: 24, linkquality: 152, voltage: 3045 };
    expect(rows(say(mapper, topic, shut))).toEqual([
      ["contact", null, 1],
      ["status", null, { battery_volts: 3.045 }],
    ]);
    expect(rows(say(mapper, topic, { contact: false, linkquality: 128 }))).toEqual([["contact", null, 0]]);
  });

  // https://www.zigbee2mqtt.io/devices/SJCGQ11LM.html: water_leak, battery, battery_low, voltage, temperature
  it("takes an Aqara leak sensor, and of what it tells only what the site file says that it measures", () => {
    const payload = { battery: 100, battery_low: false, water_leak: true, temperature: 21.5, voltage: 3035 };
    const topic = "zigbee2mqtt/pump room/leak";
    const leak = mapperOf("zigbee2mqtt", "pump room/leak", [["contact", "water_leak"]]);
    expect(rows(say(leak, topic, payload))).toEqual([["contact", "water_leak", 1]]);
    const plain = mapperOf("zigbee2mqtt", "pump room/leak", [["contact"], ["temperature"]]);
    expect(rows(say(plain, topic, payload))).toEqual([
      ["contact", null, 1],
      ["temperature", null, 21.5],
    ]);
  });

  // https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html (WSDCGQ01LM), and
  // https://www.zigbee2mqtt.io/guide/configuration/mqtt.html: last_seen as ISO_8601, ISO_8601_local or epoch
  it.each([
    ["2026-01-05T00:00:00.000Z", Date.UTC(2026, 0, 5)],
    ["2026-01-05T08:00:00+08:00", Date.UTC(2026, 0, 5)],
    [Date.UTC(2026, 0, 5), Date.UTC(2026, 0, 5)],
    ["2026-01-05T08:00:00", undefined],
    [12, undefined],
  ])("takes a MiJia thermometer with the time that Zigbee2MQTT last heard it: %s", (last_seen, at) => {
    const mapper = mapperOf("zigbee2mqtt", "boiler house", [["temperature"]]);
    const payload = { temperature: 27.34, humidity: 44.72, pressure: 1_007.1, last_seen };
    expect(rows(say(mapper, "zigbee2mqtt/boiler house", payload))).toEqual([
      at === undefined ? ["temperature", null, 27.34] : ["temperature", null, 27.34, at],
    ]);
  });

  // https://www.zigbee2mqtt.io/guide/configuration/device-availability.html: online, or {"state":"online"}
  it.each([
    ["online", 1],
    ["offline", 0],
    ['{"state":"online"}', 1],
    ['{"state":"offline"}', 0],
  ])("knows by its availability whether a device is there: %s", (payload, value) => {
    const mapper = mapperOf("zigbee2mqtt", "door", [["contact"]]);
    expect(rows(say(mapper, "zigbee2mqtt/door/availability", payload))).toEqual([["state", null, value]]);
  });

  it("knows whether the bridge itself is there, and leaves what it says besides", () => {
    const mapper = mapperOf("zigbee2mqtt", "door", [["contact"]]);
    expect(say(mapper, "zigbee2mqtt/bridge/state", { state: "offline" }).bridgeOnline).toBe(false);
    expect(say(mapper, "zigbee2mqtt/bridge/state", "online").bridgeOnline).toBe(true);
    const aside = ["zigbee2mqtt/bridge/logging", "zigbee2mqtt/bridge/devices", "zigbee2mqtt/door/set"];
    for (const topic of [...aside, "homeassistant/binary_sensor/0x00158d/contact/config"]) {
      expect(say(mapper, topic, { contact: true })).toMatchObject({ readings: [], broken: [], unclaimed: undefined });
    }
  });

  // https://www.zigbee2mqtt.io/devices/SNZB-04.html and SNZB-02.html (Sonoff): contact, tamper; temperature
  it("takes Sonoff's sensors", () => {
    const door = mapperOf("zigbee2mqtt", "gate", [["contact"]]);
    const payload = { battery: 88, battery_low: false, contact: false, tamper: true, voltage: 2900 };
    expect(rows(say(door, "zigbee2mqtt/gate", payload))).toEqual([["contact", null, 0]]);
    const thermometer = mapperOf("zigbee2mqtt", "cellar", [["temperature"]]);
    expect(rows(say(thermometer, "zigbee2mqtt/cellar", { humidity: 61, temperature: 18.94 }))).toEqual([
      ["temperature", null, 18.94],
    ]);
  });

  it("leaves a value that is null, as after pairing", () => {
    const mapper = mapperOf("zigbee2mqtt", "door", [["contact"]]);
    const mapped = say(mapper, "zigbee2mqtt/door", { contact: null, battery: null });
    expect(mapped).toMatchObject({ readings: [], broken: [], unclaimed: undefined });
  });
});

describe("Tasmota", () => {
  // https://tasmota.github.io/docs/DS18x20/
  it("takes a DS18B20", () => {
    const mapper = mapperOf("tasmota", "boiler", [["temperature"]]);
    const payload = { Time: "2019-01-01T00:00:00", DS18B20: { Temperature: 49.7 }, TempUnit: "C" };
    expect(rows(say(mapper, "tele/boiler/SENSOR", payload))).toEqual([["temperature", null, 49.7]]);
    const other = mapperOf("tasmota", "boiler", [["temperature"]]);
    expect(rows(say(other, "boiler/tele/SENSOR", payload))).toEqual([["temperature", null, 49.7]]);
  });

  // https://tasmota.github.io/docs/DS18x20/#multiple-sensors
  it("takes several DS18B20, each to the channel that it is given", () => {
    const payload = {
      Time: "2026-01-05T08:00:00",
      "DS18B20-1": { Id: "0316A279C4FF", Temperature: 71.2 },
      "DS18B20-2": { Id: "0316A279D0FF", Temperature: 58.9 },
      TempUnit: "C",
    };
    const measures: Measures = [
      ["temperature", "supply"],
      ["temperature", "return"],
    ];
    const mapper = mapperOf("tasmota", "boiler", measures, { "DS18B20-1": "supply", "DS18B20-2": "return" });
    expect(rows(say(mapper, "tele/boiler/SENSOR", payload))).toEqual([
      ["temperature", "supply", 71.2],
      ["temperature", "return", 58.9],
    ]);
    // which of them the one series without a channel would be, nobody has said
    const vague = mapperOf("tasmota", "boiler", [["temperature"]]);
    expect(say(vague, "tele/boiler/SENSOR", payload)).toMatchObject({
      readings: [],
      unclaimed: { name: "thing", reason: "not_measured" },
    });
  });

  // https://tasmota.github.io/docs/AM2301/ and https://tasmota.github.io/docs/Commands/#setoption8: Fahrenheit
  it("takes an AM2301 that tells degrees Fahrenheit, and nothing of what meters power", () => {
    const mapper = mapperOf("tasmota", "hall", [["temperature"]]);
    const payload = {
      Time: "2026-01-05T08:00:00",
      ENERGY: { Total: 3.185, Power: 12, Voltage: 230, Temperature: 40 },
      AM2301: { Temperature: 71.6, Humidity: 43.1, DewPoint: 48.2 },
      TempUnit: "F",
    };
    expect(rows(say(mapper, "tele/hall/SENSOR", payload))).toEqual([["temperature", null, 22]]);
  });

  // https://tasmota.github.io/docs/MQTT/ and https://tasmota.github.io/docs/Buttons-and-Switches/
  it("takes switches, relays, counters and its last will", () => {
    const mapper = mapperOf("tasmota", "gate", [
      ["contact", "Switch1"],
      ["contact", "POWER"],
      ["count", "C1"],
    ]);
    const sensor = { Time: "2026-01-05T08:00:00", Switch1: "ON", COUNTER: { C1: 17 } };
    expect(rows(say(mapper, "tele/gate/SENSOR", sensor))).toEqual([
      ["contact", "Switch1", 1],
      ["count", "C1", 17],
    ]);
    expect(rows(say(mapper, "stat/gate/POWER", "OFF"))).toEqual([["contact", "POWER", 0]]);
    expect(rows(say(mapper, "tele/gate/LWT", "Online"))).toEqual([["state", null, 1]]);
    expect(rows(say(mapper, "tele/gate/LWT", "Offline"))).toEqual([["state", null, 0]]);
    expect(say(mapper, "stat/gate/RESULT", { POWER: "ON" }).unclaimed).toBeUndefined();
  });

  // https://tasmota.github.io/docs/HC-SR04/: Distance in cm
  it("makes a level of a distance from above, where the entry says how", () => {
    const level = { SR04: { kind: "level", unit: "centimetres", scale: -1, offset: 2.5 } };
    const mapper = mapperOf("tasmota", "tank", [["level"]], level);
    expect(rows(say(mapper, "tele/tank/SENSOR", { SR04: { Distance: 130.5 } }))).toEqual([["level", null, 1.195]]);
  });

  // https://tasmota.github.io/docs/MQTT/: tele/STATE
  it("takes the device's own health", () => {
    const mapper = mapperOf("tasmota", "hall", [["status"]]);
    const state = { Time: "2026-01-05T08:00:00", UptimeSec: 3_600, POWER: "ON", Wifi: { RSSI: 68, Signal: -66 } };
    expect(rows(say(mapper, "tele/hall/STATE", state))).toEqual([
      ["status", null, { rssi_dbm: -66, uptime_seconds: 3_600 }],
    ]);
  });

  it("leaves a sensor that can't be read", () => {
    const mapper = mapperOf("tasmota", "hall", [["temperature"]]);
    expect(say(mapper, "tele/hall/SENSOR", { SI7021: { Temperature: null, Humidity: null } })).toMatchObject({
      readings: [],
      broken: [],
    });
  });
});

describe("ESPHome", () => {
  // https://esphome.io/components/mqtt: PREFIX/TYPE/NAME/state, PREFIX/status with online and offline
  const measures: Measures = [["temperature", "supply"], ["contact", "flame"], ["level"], ["status"]];

  it("finds by its name what a sensor measures", () => {
    const mapper = mapperOf("esphome", "boiler-node", measures);
    expect(rows(say(mapper, "boiler-node/sensor/supply/state", "71.25"))).toEqual([["temperature", "supply", 71.25]]);
    expect(rows(say(mapper, "boiler-node/binary_sensor/flame/state", "ON"))).toEqual([["contact", "flame", 1]]);
    expect(rows(say(mapper, "boiler-node/status", "offline"))).toEqual([["state", null, 0]]);
    expect(rows(say(mapper, "boiler-node/sensor/wifi_signal/state", "-61"))).toEqual([
      ["status", null, { rssi_dbm: -61 }],
    ]);
  });

  it("takes what the entry says of a sensor with another name", () => {
    const mapper = mapperOf("esphome", "tank-node", measures, {
      water_depth: { kind: "level", channel: "-", unit: "centimetres" },
      door: { kind: "contact", channel: "flame", invert: true },
    });
    expect(rows(say(mapper, "tank-node/sensor/water_depth/state", "152.4"))).toEqual([["level", null, 1.524]]);
    // a door's binary sensor is ON while it stands open
    expect(rows(say(mapper, "tank-node/binary_sensor/door/state", "ON"))).toEqual([["contact", "flame", 0]]);
  });

  it("puts into quarantine what a sensor says that can't be read", () => {
    const mapper = mapperOf("esphome", "boiler-node", measures);
    expect(say(mapper, "boiler-node/sensor/supply/state", "nan").broken).toMatchObject([
      { device: "thing", why: { code: "invalid_field", detail: { path: "celsius" } } },
    ]);
  });

  it("leaves what is neither a sensor nor a switch", () => {
    const mapper = mapperOf("esphome", "node", measures);
    for (const topic of ["node/light/lamp/state", "node/cover/gate/state", "node/debug", "node/switch/x/command"]) {
      expect(say(mapper, topic, "ON")).toMatchObject({ readings: [], broken: [], unclaimed: undefined });
    }
  });

  it("doesn't take one binary sensor of several for the contact without a channel", () => {
    const mapper = mapperOf("esphome", "node", [["contact"]]);
    expect(say(mapper, "node/binary_sensor/door/state", "ON").unclaimed).toMatchObject({ reason: "not_measured" });
  });
});

describe("Shelly of the first generation", () => {
  // https://shelly-api-docs.shelly.cloud/gen1/#shelly1-shelly1pm-mqtt
  it("takes the relay and the input of a Shelly 1", () => {
    const mapper = mapperOf(
      "shelly",
      "shelly1-B929CC",
      [
        ["contact", "relay-0"],
        ["contact", "door"],
      ],
      {
        "input-0": "door",
      },
    );
    expect(rows(say(mapper, "shellies/shelly1-B929CC/relay/0", "on"))).toEqual([["contact", "relay-0", 1]]);
    expect(rows(say(mapper, "shellies/shelly1-B929CC/input/0", "0"))).toEqual([["contact", "door", 0]]);
    expect(rows(say(mapper, "shellies/shelly1-B929CC/online", "true"))).toEqual([["state", null, 1]]);
    expect(rows(say(mapper, "shellies/shelly1-B929CC/online", "false"))).toEqual([["state", null, 0]]);
  });

  // https://shelly-api-docs.shelly.cloud/gen1/#shelly-h-amp-t-mqtt: in C or F depending on configuration
  it("takes the temperature of an H&T, in whichever unit it is set to", () => {
    const celsius = mapperOf("shelly", "shellyht-F3A2B1", [["temperature"]]);
    expect(rows(say(celsius, "shellies/shellyht-F3A2B1/sensor/temperature", "22.38"))).toEqual([
      ["temperature", null, 22.38],
    ]);
    const fahrenheit = mapperOf("shelly", "shellyht-F3A2B1", [["temperature"]], {
      temperature: { unit: "fahrenheit" },
    });
    expect(rows(say(fahrenheit, "shellies/shellyht-F3A2B1/sensor/temperature", "72.5"))).toEqual([
      ["temperature", null, 22.5],
    ]);
    expect(say(celsius, "shellies/shellyht-F3A2B1/sensor/humidity", "54").unclaimed).toBeUndefined();
  });

  // https://shelly-api-docs.shelly.cloud/gen1/#shelly-flood-mqtt
  it("takes a Flood", () => {
    const mapper = mapperOf("shelly", "shellyflood-1A2B3C", [["contact"], ["temperature"]]);
    expect(rows(say(mapper, "shellies/shellyflood-1A2B3C/sensor/flood", "true"))).toEqual([["contact", null, 1]]);
    expect(rows(say(mapper, "shellies/shellyflood-1A2B3C/sensor/temperature", "19.5"))).toEqual([
      ["temperature", null, 19.5],
    ]);
  });

  // https://shelly-api-docs.shelly.cloud/gen1/#shelly-door-window-1-2-mqtt: open or close
  it("takes a Door/Window", () => {
    const mapper = mapperOf("shelly", "shellydw-AABBCC", [["contact"]]);
    expect(rows(say(mapper, "shellies/shellydw-AABBCC/sensor/state", "close"))).toEqual([["contact", null, 1]]);
    expect(rows(say(mapper, "shellies/shellydw-AABBCC/sensor/state", "open"))).toEqual([["contact", null, 0]]);
  });
});

describe("Shelly from the second generation on", () => {
  // https://shelly-api-docs.shelly.cloud/gen2/General/Notifications
  it("takes the notifications of a Plus 1", () => {
    const mapper = mapperOf("shelly", "shellyplus1-a8032abe54dc", [
      ["contact", "switch-0"],
      ["contact", "input-0"],
    ]);
    const notify = {
      src: "shellyplus1-a8032abe54dc",
      dst: "shellyplus1-a8032abe54dc/events",
      method: "NotifyStatus",
      params: { ts: 1_767_571_200.5, "switch:0": { id: 0, output: true, source: "button" } },
    };
    expect(rows(say(mapper, "shellyplus1-a8032abe54dc/events/rpc", notify))).toEqual([
      ["contact", "switch-0", 1, 1_767_571_200_500],
    ]);
    expect(rows(say(mapper, "shellyplus1-a8032abe54dc/online", "true"))).toEqual([["state", null, 1]]);
    const event = { method: "NotifyEvent", params: { ts: 1_767_571_200, events: [{ component: "input:0" }] } };
    expect(say(mapper, "shellyplus1-a8032abe54dc/events/rpc", event)).toMatchObject({
      readings: [],
      unclaimed: undefined,
    });
  });

  // https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt: <topic_prefix>/status/<component:id>
  it("takes the whole status of a component", () => {
    const mapper = mapperOf("shelly", "gate", [
      ["contact", "switch-0"],
      ["contact", "input-0"],
    ]);
    const status = { id: 0, source: "init", output: false, temperature: { tC: 41.2, tF: 106.2 } };
    expect(rows(say(mapper, "gate/status/switch:0", status))).toEqual([["contact", "switch-0", 0]]);
    expect(rows(say(mapper, "gate/status/input:0", { id: 0, state: true }))).toEqual([["contact", "input-0", 1]]);
  });

  // https://shelly-api-docs.shelly.cloud/gen2/General/SleepManagementForBatteryDevices: NotifyFullStatus at each waking
  it("takes a Plus H&T, which tells all of it when it wakes", () => {
    const mapper = mapperOf("shelly", "shellyplusht-b8d61a8b17cc", [["temperature"], ["status"]]);
    const notify = {
      src: "shellyplusht-b8d61a8b17cc",
      method: "NotifyFullStatus",
      params: {
        ts: 1_767_571_200,
        "devicepower:0": { id: 0, battery: { V: 5.43, percent: 78 }, external: { present: false } },
        "humidity:0": { id: 0, rh: 42.2 },
        sys: { mac: "B8D61A8B17CC", time: null, uptime: 3 },
        "temperature:0": { id: 0, tC: 19.8, tF: 67.6 },
        wifi: { sta_ip: "192.168.3.183", status: "got ip", rssi: -58 },
      },
    };
    expect(rows(say(mapper, "shellyplusht-b8d61a8b17cc/events/rpc", notify))).toEqual([
      ["temperature", null, 19.8, 1_767_571_200_000],
      ["status", null, { battery_volts: 5.43, rssi_dbm: -58, uptime_seconds: 3 }, 1_767_571_200_000],
    ]);
    expect(rows(say(mapper, "shellyplusht-b8d61a8b17cc/status/temperature:0", { id: 0, tC: 20.1, tF: 68.2 }))).toEqual([
      ["temperature", null, 20.1],
    ]);
  });

  // https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Flood
  it("takes a Flood", () => {
    const mapper = mapperOf("shelly", "shellyfloodg4-1", [["contact"]]);
    const notify = { method: "NotifyStatus", params: { "flood:0": { id: 0, alarm: true, mute: false } } };
    expect(rows(say(mapper, "shellyfloodg4-1/events/rpc", notify))).toEqual([["contact", null, 1]]);
  });
});

test("every preset leaves to nobody what is not a device of its own", () => {
  for (const preset of ["zigbee2mqtt", "tasmota", "esphome", "shelly"] as const) {
    const mapper = mapperOf(preset, "known", [["contact"]]);
    expect(say(mapper, "homeassistant/status", "online").unclaimed).toBeUndefined();
  }
});
