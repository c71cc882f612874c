import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeBatch } from "@gengfu/shared/codec/batch";
import { uplinkTopics } from "@gengfu/shared/uplink-protocol";
import { readingWith } from "../stores/contract.ts";
import { batch, closing, IngressUnderTest, pinged, send } from "./testing/ingress-under-test.ts";

let cloud: IngressUnderTest;
beforeEach(async () => {
  cloud = new IngressUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

describe("taking batches", () => {
  it("keeps what it acknowledges, in its lane, with all that the gateway said", async () => {
    const client = await cloud.signOn();
    const tap = readingWith({ kind: "tap", device: "reader-lobby", seq: 1, value: null, detail: { card: "04A1" } });
    const body = Buffer.from(encodeBatch({ gateway: "main-building", epoch: 7 }, [tap]));
    await client.publishAsync(uplinkTopics.batch("main-building", "events"), body, { qos: 1 });
    const [block] = await cloud.log.read("events", 0, { entries: 10 });
    expect(block?.entries).toEqual([tap]);
    expect(await cloud.log.read("samples", 0, { entries: 10 })).toEqual([]);
    expect(cloud.ledger.view("main-building")).toMatchObject({ epoch: 7, received: [[1, 1]] });
  });

  it("acknowledges only after the commit", async () => {
    const client = await cloud.signOn();
    cloud.log.hold();
    let acknowledged = false;
    const sent = send(client, batch([1, 2])).then(() => (acknowledged = true));
    await vi.waitUntil(() => cloud.log.pending > 0);
    await pinged(await cloud.signOn("tribunal-2"));
    expect(acknowledged).toBe(false);
    expect(await cloud.inLog()).toEqual([]);
    cloud.log.release();
    await sent;
    expect(await cloud.inLog()).toHaveLength(2);
  });

  it("acknowledges in the order of the publishes, and repeats not before what they repeat", async () => {
    const client = await cloud.signOn();
    cloud.log.hold();
    const order: string[] = [];
    const sends = [
      send(client, batch([1, 2])).then(() => order.push("first")),
      send(client, batch([1, 2])).then(() => order.push("repeat")),
      send(client, Buffer.from("broken")).then(() => order.push("broken")),
      send(client, batch([2, 3])).then(() => order.push("overlap")),
    ];
    await vi.waitUntil(() => cloud.ingress.stats().quarantined === 1);
    await pinged(await cloud.signOn("tribunal-2"));
    expect(order).toEqual([]);
    cloud.log.release();
    await Promise.all(sends);
    expect(order).toEqual(["first", "repeat", "broken", "overlap"]);
    expect(await cloud.inLog()).toEqual(["main-building/1/1", "main-building/1/2", "main-building/1/3"]);
    expect(cloud.ingress.stats()).toMatchObject({ batches: 3, readings: 3, repeated: 3 });
  });

  it("acknowledges a repeat on another connection not before the commit of what it repeats", async () => {
    const [lost, next] = [await cloud.signOn(), await cloud.signOn()];
    cloud.log.hold();
    let acknowledged = false;
    const sent = send(lost, batch([1, 2]));
    await vi.waitUntil(() => cloud.log.pending > 0);
    const repeated = send(next, batch([1, 2])).then(() => (acknowledged = true));
    await pinged(next);
    await pinged(next);
    expect(acknowledged).toBe(false);
    cloud.log.release();
    await Promise.all([sent, repeated]);
    expect(await cloud.inLog()).toHaveLength(2);
  });

  it("doesn't acknowledge what could not be committed; sent again, it is taken", async () => {
    const client = await cloud.signOn();
    cloud.log.hold();
    const closed = closing(client);
    const results = [send(client, batch([1, 2])), send(client, batch([1, 2]))].map((sent) =>
      sent.then(
        () => "acknowledged",
        () => "not acknowledged",
      ),
    );
    await vi.waitUntil(() => cloud.log.pending > 0);
    cloud.log.fail();
    await closed;
    client.end(true);
    expect(await Promise.all(results)).toEqual(["not acknowledged", "not acknowledged"]);
    await send(await cloud.signOn(), batch([1, 2]));
    expect(await cloud.inLog()).toEqual(["main-building/1/1", "main-building/1/2"]);
  });

  it("takes two gateways' equal numbers apart, in one turn too", async () => {
    const [one, other] = [await cloud.signOn(), await cloud.signOn("tribunal-2")];
    await Promise.all([send(one, batch([1, 2])), send(other, batch([1, 2], "tribunal-2"), "tribunal-2")]);
    await Promise.all([send(one, batch([2, 3])), send(other, batch([2, 3], "tribunal-2"), "tribunal-2")]);
    expect((await cloud.inLog()).toSorted()).toEqual(
      ["main-building", "tribunal-2"].flatMap((gateway) => [1, 2, 3].map((seq) => `${gateway}/1/${seq}`)),
    );
  });

  it("takes nothing twice when it restarts over the same files, with or without an end in order", async () => {
    const client = await cloud.signOn();
    await send(client, batch([1, 2, 3]));
    client.end(true);
    await cloud.stop();
    await cloud.start();
    const again = await cloud.signOn();
    await send(again, batch([2, 3, 4]));
    again.end(true);
    expect(await cloud.inLog()).toEqual([1, 2, 3, 4].map((seq) => `main-building/1/${seq}`));
    await cloud.stop();
    rmSync(join(cloud.folder, "ledger.db"));
    await cloud.start();
    await send(await cloud.signOn(), batch([1, 2, 3, 4, 5]));
    expect(await cloud.inLog()).toEqual([1, 2, 3, 4, 5].map((seq) => `main-building/1/${seq}`));
  });
});

describe("what can't be taken", () => {
  it.each([
    ["garbage", Buffer.from("garbage"), "batch_unsupported_version"],
    ["a later version", Buffer.from([9, 0, 1, 2]), "batch_unsupported_version"],
    ["a frame that is none", Buffer.from([1, 0, 123]), "batch_malformed"],
    ["an empty payload", Buffer.alloc(0), "batch_unsupported_version"],
    ["another gateway's batch", batch([1], "tribunal-2"), "batch_malformed"],
  ])("acknowledges %s and keeps it with the reason", async (_, body, code) => {
    const client = await cloud.signOn();
    await send(client, body);
    await send(client, batch([1]));
    expect(cloud.ingress.quarantine(10)).toEqual([
      expect.objectContaining({
        gateway: "main-building",
        topic: uplinkTopics.batch("main-building", "samples"),
        code,
      }),
    ]);
    expect(Buffer.from(cloud.ingress.quarantine(1)[0]?.body ?? [])).toEqual(body);
    expect(await cloud.inLog()).toEqual(["main-building/1/1"]);
    expect(cloud.ingress.stats().quarantined).toBe(1);
  });

  it("survives whatever bytes come as a batch", async () => {
    const client = await cloud.signOn();
    const good = batch([1, 2, 3]);
    const sends = Array.from({ length: 200 }, (_, index) => {
      const bent = Buffer.from(good);
      bent[index % bent.length] = (bent[index % bent.length] as number) ^ (1 << (index % 8));
      return send(client, bent.subarray(0, index % 3 === 0 ? index : bent.length));
    });
    await Promise.all(sends);
    await send(client, batch([9]));
    expect(await cloud.inLog()).toContain("main-building/1/9");
  });
});
