import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { systemClock } from "@gengfu/shared/time/clock";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import { Intake } from "../intake/intake.ts";
import { Quarantine } from "../intake/quarantine.ts";
import { hasMosquittoBroker, MosquittoBroker } from "../testing/mosquitto-broker.ts";
import { Troubles } from "../troubles.ts";
import { ForeignBridges } from "./foreign-bridges.ts";
import { Proposer } from "./proposal.ts";
import { foreignSchema } from "./schema.ts";
import { Unclaimed } from "./unclaimed.ts";

const patience = { timeout: 15_000 };

describe.skipIf(!hasMosquittoBroker)("fetching from a broker of the site", () => {
  let mosquitto: MosquittoBroker;
  beforeAll(async () => {
    mosquitto = await MosquittoBroker.start();
  });
  afterAll(() => mosquitto.remove());

  let id = "";
  let count = 0;
  beforeEach(() => {
    // a session of its own for each test
    id = `site-${++count}`;
  });

  function gateway(log = new HeldLog(memoryLog<EdgeEntry>()), more: object = {}, pending_max = 10_000) {
    const clock = systemClock;
    const time = { stamp: () => ({ at: clock.now(), clock: "synchronised" as const }) };
    const intake = new Intake({ log, time, pending_max, deferral: null, clock });
    const troubles = new Troubles();
    const devices = [
      { id: "door", name: { zh: "门", en: "Door" }, type: "other", measures: [{ kind: "contact" }] },
    ] as const;
    const bridges = foreignSchema.parse([
      {
        id,
        broker: { url: `mqtt://127.0.0.1:${mosquitto.port}` },
        preset: "zigbee2mqtt",
        base: id,
        devices: { front: "door" },
        ...more,
      },
    ]);
    const unclaimed = new Unclaimed(clock, new Proposer(bridges, []).propose);
    const { sources } = new ForeignBridges({
      bridges,
      devices: devices.map((device) => ({ ...device, measures: [...device.measures] })),
      deliver: intake.deliver,
      trails: intake.trails,
      quarantine: new Quarantine(clock, 10),
      unclaimed,
      troubles,
      random: () => 0,
      clock,
      logger: silentLogger,
    });
    const [source] = sources;
    if (source === undefined) throw new Error("no source");
    onTestFinished(() => {
      log.release();
      return source.stop();
    });
    return { log, troubles, unclaimed, source, start: () => source.start(intake.deliver) };
  }

  async function publisher() {
    const client = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`);
    onTestFinished(() => void client.end(true));
    const say = (leaf: string, payload: string, options: { qos?: 0 | 1; retain?: boolean } = {}): Promise<unknown> =>
      client.publishAsync(`${id}/${leaf}`, payload, { qos: 1, ...options });
    return { client, say };
  }

  const told = async (log: HeldLog<EdgeEntry>): Promise<unknown[]> =>
    (await entriesOf(log)).map(({ device, kind, value }) => [device, kind, value]);

  /** Publishes until it comes through, and so until the subscription stands. */
  async function subscribed(log: HeldLog<EdgeEntry>, say: (leaf: string, payload: string) => Promise<unknown>) {
    await vi.waitFor(async () => {
      await say("front/availability", "online");
      expect((await told(log)).length).toBeGreaterThan(0);
    }, patience);
  }

  it("takes what comes there", async () => {
    const { log, start, unclaimed, source } = gateway();
    const { say } = await publisher();
    await start();
    await subscribed(log, say);
    await say("front", '{"contact":false}');
    await say("front", '{"contact":true}', { qos: 0 });
    await say("window", '{"contact":true}');
    await vi.waitFor(async () => {
      expect((await told(log)).slice(-2)).toEqual([
        ["door", "contact", 0],
        ["door", "contact", 1],
      ]);
      expect(unclaimed.report().devices).toMatchObject([{ via: id, name: "window" }]);
    }, patience);
    expect(source.dropped).toBe(0);
  });

  it("acknowledges after the commit: what was not on disk comes again, and is no second reading where it was", async () => {
    const first = gateway();
    const { say } = await publisher();
    await first.start();
    await subscribed(first.log, say);
    const before = (await told(first.log)).length;
    first.log.hold();
    await say("front", '{"contact":false}');
    await vi.waitFor(() => expect(first.log.pending).toBe(1), patience);
    // the process dies before the disk has it
    await first.source.stop();
    first.log.fail();
    expect(await told(first.log)).toHaveLength(before);
    const second = gateway(first.log);
    await second.start();
    await vi.waitFor(async () => {
      expect((await told(first.log)).slice(before)).toContainEqual(["door", "contact", 0]);
    }, patience);
    // now it is acknowledged, and does not come a third time
    await second.source.stop();
    const third = gateway(first.log);
    await third.start();
    await say("front", '{"contact":true}');
    await vi.waitFor(async () => expect(await told(first.log)).toContainEqual(["door", "contact", 1]), patience);
    expect((await told(first.log)).filter((row) => JSON.stringify(row) === '["door","contact",0]')).toHaveLength(1);
  });

  it("is given what came while the gateway was away, also when the broker was restarted meanwhile", async () => {
    const { log, source, start, troubles } = gateway();
    const { say, client } = await publisher();
    await start();
    await subscribed(log, say);
    await source.stop();
    for (const contact of [false, true, false]) await say("front", JSON.stringify({ contact }));
    client.end(true);
    await mosquitto.stop();
    await start();
    await vi.waitFor(
      () => expect(troubles.list()).toEqual([expect.stringMatching(/MQTT 服务器.*Nothing can be/)]),
      patience,
    );
    await mosquitto.start();
    await vi.waitFor(async () => {
      expect((await told(log)).filter((row) => (row as unknown[])[1] === "contact")).toEqual([
        ["door", "contact", 0],
        ["door", "contact", 1],
        ["door", "contact", 0],
      ]);
      expect(troubles.list()).toEqual([]);
    }, patience);
  });

  it.each(["ignore", "take"])("with old values that the broker kept: %s", async (retained) => {
    const { say } = await publisher();
    await say("front", '{"contact":false}', { retain: true });
    await say("front/availability", "online", { retain: true });
    const { log, start } = gateway(undefined, { retained });
    await start();
    await vi.waitFor(async () => expect(await told(log)).toContainEqual(["door", "state", 1]), patience);
    await say("front", '{"contact":true}');
    await vi.waitFor(async () => expect(await told(log)).toContainEqual(["door", "contact", 1]), patience);
    const contacts = (await told(log)).filter((row) => (row as unknown[])[1] === "contact");
    expect(contacts).toEqual(
      retained === "take"
        ? [
            ["door", "contact", 0],
            ["door", "contact", 1],
          ]
        : [["door", "contact", 1]],
    );
    await say("front", "", { retain: true });
    await say("front/availability", "", { retain: true });
  });

  it("stops at once while nothing is there to connect to", async () => {
    const { source, start, troubles } = gateway(undefined, { broker: { url: "mqtt://127.0.0.1:1" } });
    await start();
    await vi.waitFor(() => expect(troubles.list()).toHaveLength(1), patience);
    await source.stop();
    expect(troubles.list()).toEqual([]);
  });

  it("takes nothing over while the gateway's log is full, and all of it when there is room again", async () => {
    const { log, start, troubles } = gateway(undefined, {}, 1);
    const { say } = await publisher();
    await start();
    await subscribed(log, say);
    const [entry] = await entriesOf(log);
    if (entry === undefined) throw new Error("no entry");
    log.hold();
    const waiting = log.append("samples", [entry]);
    await say("front", '{"contact":false}');
    await vi.waitFor(() => expect(troubles.list()).toEqual([expect.stringContaining("can't take it over")]), patience);
    log.release();
    await waiting;
    await vi.waitFor(async () => expect(await told(log)).toContainEqual(["door", "contact", 0]), patience);
    await vi.waitFor(() => expect(troubles.list()).toEqual([]), patience);
  });
});
