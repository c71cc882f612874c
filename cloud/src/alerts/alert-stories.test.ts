import { afterEach, describe, expect, it } from "vitest";
import { Story, start, valueRules, type StoryOptions } from "./fixture.ts";

const s = 1_000;
const m = 60 * s;
const silences = ["sensor-silent", "gateway-silent"];

let story: Story;
afterEach(() => story.end());
const begin = (options: StoryOptions = { rules: valueRules }): Story => (story = new Story(options));

describe("a fire", () => {
  it("is told at once, acknowledged, over, and closed with its cause", async () => {
    begin();
    await story.contact("fire", false);
    await story.pass(5 * s);
    await story.contact("fire", true);

    expect(story.only()).toMatchObject({
      rule: "fire",
      severity: "critical",
      state: "firing",
      site: "yitong-court",
      gateway: "main-building",
      device: "fire-panel",
      channel: "fire",
      kind: "contact",
      value: 1,
      onsetAt: start + 5 * s,
      raisedAt: start + 5 * s,
      acknowledgedAt: null,
      clearedAt: null,
      message: "火警：消防控制主机 火警触点闭合 / Fire: Fire panel, Fire contact closed",
    });
    expect(story.wecom.messages).toHaveLength(1);
    expect(story.sms.messages.map(({ target }) => target)).toEqual([{ id: "wang-qiang", phone: "13800000000" }]);
    expect(story.wecom.messages[0]).toMatchObject({
      time: "2026-01-01 08:00:05",
      where: { zh: "消防控制主机", en: "Fire panel" },
      site: { zh: "伊通县人民法院" },
    });

    const { id } = story.only();
    await story.pass(30 * s);
    expect(story.service.acknowledge(id, { by: "王强", note: "到场" })).toMatchObject({
      ok: true,
      changed: true,
      alert: { state: "acknowledged", acknowledgedAt: start + 35 * s, acknowledgedBy: "王强" },
    });
    await story.pass(5 * m);
    await story.contact("fire", false);
    expect(story.only()).toMatchObject({ state: "cleared", clearedAt: start + 335 * s });
    expect(story.service.close(id, { by: "王强", cause: "误报：施工粉尘" })).toMatchObject({
      ok: true,
      changed: true,
      alert: { state: "closed", closedBy: "王强", cause: "误报：施工粉尘" },
    });

    expect(
      story.service.get(id)?.steps.map(({ what, at, who, note, state }) => [what, at - start, who, note, state]),
    ).toEqual([
      ["raised", 5 * s, "gengfu", null, "firing"],
      ["acknowledged", 35 * s, "王强", "到场", "acknowledged"],
      ["cleared", 335 * s, "gengfu", null, "cleared"],
      ["closed", 335 * s, "王强", "误报：施工粉尘", "closed"],
    ]);
    expect(story.changes.map(({ state }) => state)).toEqual(["firing", "acknowledged", "cleared", "closed"]);
    // one message each, when it began
    expect([story.wecom.messages.length, story.sms.messages.length]).toEqual([1, 1]);
  });

  it("is told at once though the gateway's clock is years behind, and nothing new when its time is put right", async () => {
    begin();
    await story.contact("fire", false);
    await story.pass(5 * s);
    const unsure = { at: 946_684_810_000, receivedAt: 946_684_810_000, clock: "unsynchronised" } as const;
    await story.append(story.reading({ ...unsure, sinceBoot: { boot: 7, ms: 10_000 } }));
    const detail = { boot: 7, offset_ms: start + 5 * s - 10_000 };
    await story.append(story.reading({ device: "main-building", kind: "clock", channel: null, value: null, detail }));
    expect(story.only()).toMatchObject({ state: "firing", onsetAt: start + 5 * s, raisedAt: start + 5 * s });
    expect([story.wecom.messages.length, story.sms.messages.length]).toEqual([1, 1]);
  });

  it("that is over before anyone saw it stays until it is acknowledged, which closes it", async () => {
    begin();
    await story.contact("fire", true);
    await story.contact("fire", false);
    await story.pass(60 * m);
    expect(story.alerts()).toEqual(["fire cleared"]);
    const { id } = story.only();
    expect(story.service.acknowledge(id, { by: "王强" })).toMatchObject({
      ok: true,
      changed: true,
      alert: { state: "closed" },
    });
    expect(story.service.acknowledge(id, { by: "赵敏" })).toMatchObject({
      ok: true,
      changed: false,
      alert: { state: "closed", acknowledgedBy: "王强" },
    });
  });

  it("is one alert while it lasts, and a new one when it comes again", async () => {
    begin();
    await story.contact("fire", true);
    await story.pass(1 * s);
    await story.contact("fire", true);
    expect(story.alerts()).toEqual(["fire firing"]);
    await story.contact("fire", false);
    await story.pass(1 * s);
    await story.contact("fire", true);
    expect(story.alerts()).toEqual(["fire cleared", "fire firing"]);
    expect(story.wecom.messages).toHaveLength(2);
  });

  it("can't be closed before someone has acknowledged it", async () => {
    begin();
    await story.contact("fire", true);
    const { id } = story.only();
    expect(story.service.close(id, { by: "王强", cause: "?" })).toMatchObject({
      ok: false,
      reason: "conflict",
      message: expect.stringContaining("acknowledge it first") as string,
    });
    expect(story.only().state).toBe("firing");
    expect(story.service.close("nothing", { by: "王强", cause: "?" })).toEqual({ ok: false, reason: "unknown" });
    expect(story.service.acknowledge("nothing", { by: "王强" })).toEqual({ ok: false, reason: "unknown" });
  });

  it("is acknowledged once: the second changes nothing", async () => {
    begin();
    await story.contact("fire", true);
    const { id } = story.only();
    story.service.acknowledge(id, { by: "王强" });
    const before = story.service.get(id);
    await story.pass(1 * s);
    expect(story.service.acknowledge(id, { by: "赵敏", note: "me too" })).toEqual({
      ok: true,
      changed: false,
      alert: before,
    });
  });

  it("that happened during an outage is told when it comes to light", async () => {
    begin();
    await story.contact("fire", false);
    await story.pass(2 * m);
    const during = story.reading({ at: start + 30 * s, receivedAt: start + 30 * s });
    await story.contact("fire", false);
    await story.append(during);
    expect(story.only()).toMatchObject({ state: "cleared", raisedAt: start + 30 * s, clearedAt: start + 2 * m });
    expect(story.wecom.messages).toHaveLength(1);
    await story.append(during);
    expect(story.wecom.messages).toHaveLength(1);
  });
});

describe("a fault that must last 30 s", () => {
  it("says nothing, and leaves nothing, when it lasts 29", async () => {
    begin();
    await story.contact("fault", true);
    await story.pass(29 * s);
    expect(story.service.list({ states: ["pending"] })).toMatchObject([{ raisedAt: start + 30 * s }]);
    expect(story.alerts()).toEqual([]);
    await story.contact("fault", false);
    await story.pass(5 * m);
    expect(story.service.list({ states: ["pending", "firing", "acknowledged", "cleared", "closed"] })).toEqual([]);
    expect([story.wecom.messages, story.changes, story.service.steps(0, 10)]).toEqual([[], [], []]);
  });

  it("is a warning after 30, to the millisecond, and told to the group only", async () => {
    begin();
    await story.pass(333);
    await story.contact("fault", true);
    await story.pass(29 * s + 999);
    expect(story.alerts()).toEqual([]);
    await story.pass(1);
    expect(story.only()).toMatchObject({ severity: "warning", state: "firing", raisedAt: start + 30 * s + 333 });
    expect([story.wecom.messages.length, story.sms.messages.length]).toEqual([1, 0]);
  });

  it("fires though the service was restarted meanwhile", async () => {
    begin();
    await story.contact("fault", true);
    await story.pass(10 * s);
    await story.kill();
    await story.revive();
    await story.pass(20 * s);
    expect(story.only()).toMatchObject({ state: "firing", raisedAt: start + 30 * s });
  });
});

describe("a tank", () => {
  it("is low below its limit and well again above its clear value, and does not flap between", async () => {
    begin();
    for (const metres of [1.6, 1.5, 1.42, 1.55, 1.49, 1.7]) await story.level(metres);
    expect(story.only()).toMatchObject({
      rule: "fire-tank-low",
      value: 1.42,
      message:
        "消防水箱水位低：消防水箱 水位 1.42 m，低于 1.5 m / Fire water tank low: Fire water tank, Level 1.42 m, below 1.5 m",
    });
    await story.level(1.71);
    expect(story.alerts()).toEqual(["fire-tank-low cleared"]);
  });
});

describe("silence", () => {
  it("of a sensor is told while its gateway is heard", async () => {
    begin({ rules: silences });
    const others = [
      "tank-domestic",
      "boiler-1",
      "reader-lobby",
      "reader-floor-2",
      "reader-boiler-room",
      "screening-gate",
    ];
    const speak = (...devices: string[]): Promise<void> =>
      story.append(...devices.map((device) => story.reading({ device, kind: "status", channel: null, value: null })));
    await speak("fire-panel", "tank-fire", ...others);
    for (let minute = 0; minute < 9; minute++) {
      await story.pass(1 * m);
      await speak("fire-panel", ...others);
    }
    expect(story.alerts()).toEqual([]);
    await story.pass(61 * s);
    expect(story.only()).toMatchObject({
      rule: "sensor-silent",
      severity: "warning",
      device: "tank-fire",
      kind: null,
      onsetAt: start,
      message:
        "传感器失联：消防水箱 自 2026-01-01 08:00:00 起无数据 / Sensor silent: Fire water tank, no data since 2026-01-01 08:00:00",
    });
    await speak("tank-fire");
    await story.pass(1 * s);
    expect(story.alerts()).toEqual(["sensor-silent cleared"]);
  });

  it("of a gateway is told, and hides that of its sensors", async () => {
    begin({ rules: silences });
    await story.append(story.reading({ device: "tank-fire", kind: "level", channel: null, value: 2 }));
    await story.pass(1 * s);
    story.heartbeat = false;
    story.gateway.connected = false;
    await story.pass(118 * s);
    expect(story.alerts()).toEqual([]);
    await story.pass(1 * s);
    expect(story.only()).toMatchObject({ rule: "gateway-silent", severity: "critical", device: null, onsetAt: start });
    await story.pass(30 * m);
    expect(story.alerts()).toEqual(["gateway-silent firing"]);
    expect(story.sms.messages).toHaveLength(1);
    story.heartbeat = true;
    story.gateway.connected = true;
    await story.pass(9 * m);
    expect(story.alerts()).toEqual(["gateway-silent cleared"]);
  });
});
