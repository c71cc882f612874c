import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeCloud } from "../testing/fake-cloud.ts";
import { quietStatus, quietTime } from "../testing/fake-link.ts";
import { readingWith } from "../testing/reading-with.ts";
import { mqttDial } from "./mqtt-link.ts";
import { Uplink } from "./uplink.ts";

let cloud: FakeCloud;
let port: number;
let stop: AbortController;
beforeEach(async () => {
  cloud = new FakeCloud();
  port = await cloud.start();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await cloud.stop();
});

const dial = (secret = "hush") => mqttDial({ url: `mqtt://127.0.0.1:${port}`, gateway: "gate", secret, ca: undefined });

describe("a link by MQTT", () => {
  it("tells of each acknowledgement, and of the end", async () => {
    const link = await dial()(stop.signal);
    const acknowledged = Promise.withResolvers<void>();
    link.publish("gengfu/uplink/v1/gate/events", Buffer.from("x"), acknowledged.resolve);
    await acknowledged.promise;
    cloud.cut();
    expect(await link.lost).toMatch(/ECONNRESET|closed/);
  });

  it("hears what the cloud publishes on the topic that it asked for", async () => {
    const link = await dial()(stop.signal);
    const heard: string[] = [];
    await link.listen("gengfu/downlink/v1/gate/time", (payload) => heard.push(Buffer.from(payload).toString()));
    cloud.say("gengfu/downlink/v1/gate/other", "no");
    cloud.say("gengfu/downlink/v1/gate/time", "yes");
    await vi.waitFor(() => expect(heard).toEqual(["yes"]));
  });

  it("does not come about with a wrong secret, without a cloud, or once it is no longer wanted", async () => {
    await expect(dial("wrong")(stop.signal)).rejects.toThrow(/not authorized|bad user/i);
    const wanted = dial()(stop.signal);
    stop.abort();
    await expect(wanted).rejects.toThrow("no longer wanted");
    await cloud.stop();
    await expect(dial()(new AbortController().signal)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe("the uplink over MQTT", () => {
  it("sends everything again that was under way when the line was cut, from the log and not from mqtt.js", async () => {
    const log = memoryLog<Reading>();
    await log.append(
      "samples",
      Array.from({ length: 3_000 }, () => readingWith()),
    );
    let cuts = 0;
    cloud.onPublish = ({ qos }, socket) => {
      if (qos === 0 || cuts === 3) return "acknowledge";
      cuts += 1;
      socket.resetAndDestroy();
      return "ignore";
    };
    const uplink = new Uplink({
      log,
      gateway: "gate",
      dial: dial(),
      linger_ms: 0,
      acknowledge_timeout_ms: 30_000,
      heartbeat_ms: 60_000,
      status: () => quietStatus,
      time: quietTime,
      random: () => 0.99,
      clock: systemClock,
      logger: silentLogger,
    });
    const running = uplink.run(stop.signal);
    await vi.waitFor(() => expect(log.backlog("uplink").samples).toBe(0), { timeout: 10_000 });
    const batches = cloud.batches();
    expect(batches.every(({ dup }) => !dup)).toBe(true);
    expect(new Set(batches.flatMap(({ seqs }) => seqs)).size).toBe(3_000);
    // what the three connections that were cut had sent went again over the last one
    const sent = batches.flatMap(({ seqs }) => seqs);
    const lastStart = sent.lastIndexOf(1);
    expect(sent.slice(lastStart)).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
    const acknowledged = cloud.publishes.length;
    await log.append("events", [readingWith({ kind: "contact" })]);
    await vi.waitFor(() => expect(log.backlog("uplink").events).toBe(0));
    expect(cloud.publishes).toHaveLength(acknowledged + 1);
    stop.abort();
    await running;
  });
});
