import { describe, expect, it } from "vitest";
import { site, type Site } from "@gengfu/shared/model/site";
import { readingWith } from "../contract.ts";
import { alertLine, gatewayStatusLine, readingLine, tag } from "./lines.ts";
import { siteFacts } from "../../site-facts.ts";

const court: Site = site.parse({
  id: "yitong-court",
  name: { zh: "法院", en: "Court" },
  gateways: [{ id: "main-building", name: "Main", secret: "s" }],
  devices: [
    { id: "reader-lobby", name: "Lobby", secret: "s", measures: [{ kind: "tap" }] },
    { id: "carried-1", name: "Carried", secret: "s", measures: [{ kind: "tap" }] },
  ],
  checkpoints: [
    { id: "lobby", name: "Lobby", device: "reader-lobby" },
    { id: "pond", name: "Pond", tag: "04AABBCC" },
  ],
  people: [{ id: "zhang-wei", name: { zh: "张伟", en: "Zhang Wei" }, role: "guard", card: "04A1B2C3D4E580" }],
});
const facts = siteFacts(court);
const at = 1_767_225_600_123;

describe("readings as lines", () => {
  it("writes a scalar with its value as a float and its seq as an integer", () => {
    const reading = readingWith({
      at,
      seq: 1_000_042,
      kind: "temperature",
      device: "boiler-1",
      channel: "supply",
      value: 71,
    });
    expect(readingLine(reading, facts)).toBe(
      "temperature,channel=supply,device=boiler-1,gateway=main-building,site=yitong-court seq=1000042i,value=71 1767225600123000042",
    );
  });

  it("writes no channel as -, and an open contact as 0", () => {
    expect(readingLine(readingWith({ at, seq: 1, kind: "contact", value: 0 }), facts)).toBe(
      "contact,channel=-,device=tank-fire,gateway=main-building,site=yitong-court seq=1i,value=0 1767225600123000001",
    );
  });

  it("names checkpoint and guard of a tap at a fixed reader", () => {
    const tap = readingWith({
      at,
      seq: 2,
      kind: "tap",
      device: "reader-lobby",
      value: null,
      detail: { card: "04a1b2c3d4e580" },
    });
    expect(readingLine(tap, facts)).toBe(
      'tap,channel=-,checkpoint=lobby,device=reader-lobby,gateway=main-building,site=yitong-court seq=2i,card="04a1b2c3d4e580",guard="zhang-wei",guard_name="张伟" 1767225600123000002',
    );
  });

  it("names them for a carried reader too, whether the guard is told by id or by card", () => {
    for (const guard of ["zhang-wei", "04A1B2C3D4E580"]) {
      const tap = readingWith({ kind: "tap", device: "carried-1", value: null, detail: { tag: "04aabbcc", guard } });
      expect(readingLine(tap, facts)).toMatch(/checkpoint=pond,.* seq=\d+i,guard="zhang-wei",guard_name="张伟" /);
    }
  });

  it("writes a tap of a stranger at an unknown place with what is known", () => {
    const tap = readingWith({
      at,
      seq: 3,
      kind: "tap",
      device: "carried-1",
      value: null,
      detail: { card: "FFFFFFFF" },
    });
    expect(readingLine(tap, facts)).toContain(
      ',checkpoint=-,device=carried-1,gateway=main-building,site=yitong-court seq=3i,card="FFFFFFFF" ',
    );
  });

  it("writes one field for each part of a status, of types that never change", () => {
    const status = readingWith({
      at,
      seq: 4,
      kind: "status",
      value: null,
      detail: { battery_volts: 3, uptime_seconds: 60, firmware: 'a"b', rssi_dbm: "strong", more: 1 },
    });
    expect(readingLine(status, facts)).toContain(' seq=4i,battery_volts=3,uptime_seconds=60,firmware="a\\"b" ');
  });

  it("makes no points of quarantine and gap", () => {
    expect(readingLine(readingWith({ kind: "quarantine" }), facts)).toBeUndefined();
    expect(readingLine(readingWith({ kind: "gap" }), facts)).toBeUndefined();
  });

  it("gives readings of one millisecond different times, and times before 1970 their place", () => {
    expect(readingLine(readingWith({ at, seq: 5 }), facts)).toMatch(/ 1767225600123000005$/);
    expect(readingLine(readingWith({ at: -2, seq: 5 }), facts)).toMatch(/ -1999995$/);
    expect(readingLine(readingWith({ at: 0, seq: 7 }), facts)).toMatch(/ 7$/);
  });
});

it("tells the sites of several apart by their gateways", () => {
  const park: Site = {
    ...court,
    id: "forest-park",
    gateways: [{ ...court.gateways[0], id: "gate" } as Site["gateways"][0]],
  };
  const both = siteFacts(court, { ...park, checkpoints: [], people: [] });
  const tap = readingWith({ kind: "tap", device: "reader-lobby", value: null, detail: { card: "04A1B2C3D4E580" } });
  expect(readingLine(tap, both)).toMatch(/checkpoint=lobby,.*site=yitong-court .*guard="zhang-wei"/);
  expect(readingLine({ ...tap, gateway: "gate" }, both)).toMatch(
    /checkpoint=-,.*site=forest-park seq=\d+i,card="04A1B2C3D4E580" /,
  );
});

it("escapes tags, and writes otherwise what has no form there", () => {
  expect(tag("a,b=c d")).toBe(String.raw`a\,b\=c\ d`);
  expect(tag("a\nb\tc")).toBe(String.raw`a\ b\ c`);
  expect(tag("end\\\\")).toBe("end//");
  expect(tag("")).toBe("-");
  expect(tag("x".repeat(300))).toHaveLength(256);
});

it("writes the steps of alerts and the state of gateways", () => {
  const step = { id: 12, alert: "a1", at, rule: "fire", severity: "critical", state: "firing", value: 1 } as const;
  expect(alertLine(step)).toBe('alert,rule=fire,severity=critical,state=firing id="a1",value=1 1767225600123000012');
  expect(alertLine({ ...step, value: null })).toContain(' id="a1" ');
  const gateway = {
    id: "main-building",
    connected: false,
    backlog: 3,
    queued: { events: 1, samples: 2 },
    status: null,
  };
  expect(gatewayStatusLine("yitong-court", gateway, at)).toBe(
    "gateway_status,gateway=main-building,site=yitong-court connected=0,backlog=3,events=1,samples=2 1767225600123000000",
  );
});
