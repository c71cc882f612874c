import { memoryLog } from "@gengfu/shared/log/memory-log";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { systemClock } from "@gengfu/shared/time/clock";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import { startBroker, type BrokerUnderTest } from "../testing/broker-under-test.ts";
import { hasMosquitto, mosquittoPub, mosquittoSub } from "../testing/mosquitto.ts";
import { CardDirectory } from "./card-directory.ts";
import { tapsSchema } from "./schema.ts";
import { answerPayload } from "./tap-answer.ts";
import { TapGate } from "./tap-gate.ts";

const card = "04A1B2C3D4E580";
const people = [{ id: "zhang-wei", name: { zh: "张伟", en: "Zhang Wei" }, role: "guard", card }] as const;

async function startGated(pending_max = 1_000): Promise<BrokerUnderTest> {
  const log = new HeldLog(memoryLog<EdgeEntry>());
  const broker = await startBroker({
    log,
    pending_max,
    wrap: (intake, its) =>
      new TapGate({
        intake,
        config: tapsSchema.parse({}),
        directory: new CardDirectory({ people: [...people], checkpoints: [] }),
        tell: (reader, answer) => its().tell(reader, "feedback", answerPayload(answer)),
        clock: systemClock,
        now: () => systemClock.now(),
      }).deliver,
  });
  onTestFinished(() => broker.stop());
  return broker;
}

describe.skipIf(!hasMosquitto)("a reader on MQTT hears", () => {
  const topic = "gengfu/v1/reader/feedback";
  const publish = (uid: string): string[] => [
    "-q",
    "1",
    "-t",
    "gengfu/v1/reader/tap",
    "-m",
    JSON.stringify({ card: uid }),
  ];

  it("what became of each tap", async () => {
    const broker = await startGated();
    const reader = { port: broker.port, user: "reader", password: "secret" };
    const feedback = await mosquittoSub(reader, topic);
    onTestFinished(() => feedback.stop());
    const next = async (): Promise<unknown> => JSON.parse((await feedback.line()).replace(`${topic} `, ""));
    expect(await mosquittoPub(reader, ...publish(card.toLowerCase()))).toBe(0);
    expect(await next()).toEqual({ result: "accepted", card, guard: "zhang-wei", guard_name: "张伟" });
    expect(await mosquittoPub(reader, ...publish(card))).toBe(0);
    expect(await next()).toMatchObject({ result: "accepted", repeat: true });
    expect(await mosquittoPub(reader, ...publish("DEADBEEF"))).toBe(0);
    expect(await next()).toEqual({ result: "unknown_card", card: "DEADBEEF" });
    expect((await entriesOf(broker.log)).map(({ detail }) => detail)).toEqual([{ card }, { card: "DEADBEEF" }]);
  });

  it("that a tap was refused, on the connection that then ends", async () => {
    const broker = await startGated(1);
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username: "reader",
      password: "secret",
      reconnectPeriod: 0,
    });
    onTestFinished(() => client.endAsync(true));
    await client.subscribeAsync(topic);
    broker.log.hold();
    client.publish("gengfu/v1/reader/tap", JSON.stringify({ card }), { qos: 1 }, () => undefined);
    client.publish("gengfu/v1/reader/tap", '{"card":"DEADBEEF"}', { qos: 1 }, () => undefined);
    const payload = await new Promise<Buffer>((resolve) => client.once("message", (_, bytes) => resolve(bytes)));
    expect(JSON.parse(payload.toString("utf8"))).toEqual({ result: "not_stored", card: "DEADBEEF" });
    const closed = new Promise<void>((resolve) => client.once("close", resolve));
    broker.log.release();
    await closed;
    expect((await entriesOf(broker.log)).map(({ detail }) => detail)).toEqual([{ card }]);
  });

  it("so even where nothing else waits", async () => {
    const broker = await startGated(0);
    // signed on before the gateway is full, as it may be at any time
    const isFull = vi.spyOn(broker.intake, "isFull", "get").mockReturnValueOnce(false);
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username: "reader",
      password: "secret",
      reconnectPeriod: 0,
    });
    onTestFinished(() => client.endAsync(true));
    await client.subscribeAsync(topic);
    isFull.mockRestore();
    const heard: string[] = [];
    client.on("message", (_, payload) => heard.push(payload.toString("utf8")));
    const closed = new Promise<void>((resolve) => client.once("close", resolve));
    client.publish("gengfu/v1/reader/tap", JSON.stringify({ card }), { qos: 1 }, () => undefined);
    await closed;
    expect(heard).toEqual([expect.stringContaining("not_stored")]);
  });
});
