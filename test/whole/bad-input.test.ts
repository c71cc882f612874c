import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Demo, showOnFailure } from "../support/demo.ts";
import { publish, publishReading, subscribe } from "../support/mosquitto.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

describe.skipIf(lacks("mosquitto_pub"))("what breaks the contract", () => {
  let demo: Demo;
  let broker: string;
  beforeAll(async () => {
    demo = await new Demo().start();
    broker = demo.endpoints.deviceBroker;
  });
  beforeEach(() => showOnFailure(demo));
  afterAll(() => demo?.remove());

  test.each([
    { what: "broken JSON", kind: "level", payload: '{"metres": 1.5', code: "not_json", path: "" },
    { what: "a wrong type", kind: "level", payload: '{"metres": "1.5"}', code: "invalid_field", path: "metres" },
    { what: "a missing field", kind: "level", payload: "{}", code: "invalid_field", path: "metres" },
    { what: "no object", kind: "level", payload: "7", code: "not_an_object", path: "" },
    { what: "an unknown kind", kind: "humidity", payload: "{}", code: "unknown_kind", path: "" },
    { what: "a payload of 1 MB", kind: "level", payload: "x".repeat(1_000_000), code: "payload_too_large", path: "" },
    { what: "what is no UTF-8", kind: "level", payload: Buffer.from([0x7b, 0xff, 0x7d]), code: "not_utf8", path: "" },
  ])("$what is acknowledged, quarantined and answered", async ({ kind, payload, code, path }) => {
    const from = { broker, device: "tank-domestic" };
    const topic = `gengfu/v1/tank-domestic/${kind}`;
    const before = (await demo.api.quarantine()).length;
    const answers = await subscribe(from, "gengfu/v1/tank-domestic/error", 1, 20);

    expect(await publish(from, topic, payload)).toEqual({ code: 0, stderr: "" });

    const [answer] = await answers.messages;
    expect(answer).toMatch(/^gengfu\/v1\/tank-domestic\/error \{/);
    expect(JSON.parse(answer?.slice(answer.indexOf("{")) ?? "")).toMatchObject({
      code,
      path,
      message: expect.any(String),
    });
    const [row] = await until("the quarantine to show it", async () => {
      const rows = await demo.api.quarantine();
      return rows.length > before && rows;
    });
    expect(row).toMatchObject({ device: "tank-domestic", topic, code, path });
  });

  test.each([
    { what: "a wrong password", from: { device: "tank-fire", secret: "wrong" }, topic: "gengfu/v1/tank-fire/level" },
    { what: "an unknown device", from: { device: "nobody", secret: "demo" }, topic: "gengfu/v1/nobody/level" },
    { what: "another's topic", from: { device: "tank-fire", secret: "demo" }, topic: "gengfu/v1/tank-domestic/level" },
    { what: "a topic of nobody's", from: { device: "boiler-1", secret: "demo" }, topic: "home/level" },
  ])("$what is refused, and leaves nothing behind", async ({ from, topic }) => {
    const metres = 2.75;
    // a client whose publish is dropped with its connection would try for ever; the refusal is what the log says
    const logged = demo.log("edge").length;
    const refused = publish({ broker, ...from }, topic, JSON.stringify({ metres }), { stop_after_ms: 2_000 });
    await until("the edge to log the refusal", () => new RegExp(from.device).test(demo.log("edge").slice(logged)));
    expect((await refused).code).not.toBe(0);
    // what comes after it on the same way has passed it by
    await publishReading({ broker, device: "tank-fire" }, "level", { metres: 2.5, seq: Date.now() });
    await until("a later reading", async () => (await demo.api.readings("?kind=level&device=tank-fire")).length > 0);
    expect((await demo.api.readings("?kind=level")).map(({ value }) => value)).not.toContain(metres);
  });

  test("others are not disturbed", async () => {
    const flood = publish({ broker, device: "tank-domestic" }, "gengfu/v1/tank-domestic/level", "{".repeat(60_000));
    await publishReading({ broker, device: "boiler-1" }, "pressure", { kilopascals: 151 });
    await until("the pressure", async () =>
      (await demo.api.readings("?kind=pressure&device=boiler-1")).some(({ value }) => value === 151),
    );
    expect((await flood).code).toBe(0);
  });
});
