import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { DataUnit } from "../../cloud/src/gb26875/data-unit.ts";
import { command, type Frame } from "../../cloud/src/gb26875/frame.ts";
import { encodeDataUnit } from "../../cloud/src/gb26875/testing/encode-data-unit.ts";
import { ScriptedUnit } from "../../cloud/src/gb26875/testing/scripted-unit.ts";
import { timeTag } from "../../cloud/src/gb26875/time-tag.ts";
import { Api, type ReadingRow } from "../support/api.ts";
import { startFakeWecom } from "../support/fake-wecom.ts";
import { ServiceProcess } from "../support/services.ts";
import { smallDisk } from "../support/small-disk.ts";
import { until } from "../support/until.ts";

const zone = "Asia/Shanghai";
const token = "token-of-the-tests";
const fire = 1 << 1;

const site = {
  id: "court",
  name: { zh: "法院", en: "Court" },
  gateways: [
    {
      id: "fire-unit",
      name: { zh: "用户信息传输装置", en: "Fire unit" },
      gb26875: {
        address: 889,
        device: "unit",
        parts: [
          { system: 1, device: "fire-panel" },
          { system: 11, zone: 1, number: 1, device: "tank-fire" },
        ],
      },
    },
  ],
  devices: [
    { id: "unit", name: "Unit", measures: [{ kind: "contact", channel: "mains" }] },
    { id: "fire-panel", name: { zh: "消防主机", en: "Fire panel" }, measures: [{ kind: "contact", channel: "fire" }] },
    { id: "tank-fire", name: "Tank", measures: [{ kind: "level" }] },
  ],
  rules: [
    {
      id: "fire",
      name: { zh: "火警", en: "Fire" },
      severity: "critical",
      when: { type: "contact", device: "fire-panel", channel: "fire", closed: true },
    },
    {
      id: "unmanned",
      name: { zh: "查岗超时", en: "Duty desk unmanned" },
      severity: "warning",
      when: { type: "contact", channel: "post-check-overdue", closed: true },
    },
  ],
};

/** A cloud as a process of its own, which a test may kill, and what speaks to it. */
class Cloud {
  readonly service: ServiceProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-transmission-"));
  #api: Api | undefined;

  constructor({ data, wecomUrl, rules = [] }: { data?: string; wecomUrl?: string; rules?: object[] } = {}) {
    this.service = new ServiceProcess("cloud", this.#folder);
    mkdirSync(join(this.#folder, "data"));
    writeFileSync(join(this.#folder, "site.json"), JSON.stringify({ ...site, rules: [...site.rules, ...rules] }));
    this.service.configure({
      data: data ?? join(this.#folder, "data"),
      sites: [join(this.#folder, "site.json")],
      http: { port: 0 },
      uplink: { port: 0 },
      gb26875: { port: 0 },
      tokens: [{ name: "tests", token, role: "admin" }],
      ...(wecomUrl === undefined ? {} : { notifications: { wecom_bot: { url: wecomUrl } } }),
    });
    onTestFinished(async ({ task }) => {
      await this.service.kill();
      if (task.result?.state === "fail") console.error(this.service.log.split("\n").slice(-40).join("\n"));
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  get api(): Api {
    if (this.#api === undefined) throw new Error("not started");
    return this.#api;
  }

  async start(): Promise<this> {
    const { api = "" } = await this.service.startWell();
    this.#api = new Api(api, token);
    return this;
  }

  async restart(): Promise<void> {
    await this.service.kill("SIGKILL");
    await this.start();
  }

  async connect(): Promise<ScriptedUnit> {
    const listening = this.service.log.split("\n").filter((line) => line.includes("transmission devices can connect"));
    const { port } = z.object({ port: z.int() }).parse(JSON.parse(listening.at(-1) ?? "{}"));
    const unit = await ScriptedUnit.connect(port, () => Date.now());
    onTestFinished(() => unit.end());
    return unit;
  }

  contact(device: string, channel: string): Promise<ReadingRow[]> {
    return this.api.readings(`?kind=contact&device=${device}&channel=${channel}&limit=1000`);
  }
}

function tag(at: number): Uint8Array {
  return timeTag(at, zone);
}

function smoke(state: number, number: number, at: number): Uint8Array {
  const object = {
    system: 1,
    address: 1,
    component: 40,
    zone: 2,
    number,
    state,
    description: "2F east",
    time: tag(at),
  };
  return encodeDataUnit({ kind: "component_state", objects: [object] });
}

test("a fire bit becomes an alert that reaches the group, a reading in the API, and an acknowledgement", async () => {
  const wecom = await startFakeWecom();
  onTestFinished(() => wecom.stop());
  const cloud = await new Cloud({ wecomUrl: wecom.url }).start();
  const unit = await cloud.connect();
  await unit.beat();
  const at = Date.now() - 2_000;
  expect(await unit.report(smoke(fire, 17, at))).toBe("acknowledged");

  const alert = await until("the alert", async () => (await cloud.api.alerts("?state=firing"))[0]);
  expect(alert).toMatchObject({ rule: "fire", severity: "critical", site: "court", device: "fire-panel" });
  await until("the message to the group", () => wecom.requests.length > 0);
  expect(wecom.requests[0]?.content).toContain("火警");
  const [reading] = await until("the reading", async () => {
    const rows = await cloud.contact("fire-panel", "fire");
    return rows.length > 0 && rows;
  });
  expect(reading).toMatchObject({
    gateway: "fire-unit",
    value: 1,
    at: Math.floor(at / 1_000) * 1_000,
    clock: "device",
    part: "1-1-2-17",
    description: "2F east",
  });
  expect(await cloud.contact("fire-unit-1-1-2-17", "fire")).toMatchObject([{ value: 1 }]);

  expect(await unit.report(smoke(0, 17, Date.now()))).toBe("acknowledged");
  await until("the alert to clear", async () => (await cloud.api.alerts("?state=cleared"))[0]);
  expect(wecom.requests.length).toBe(1);
  const metrics = await cloud.api.call("GET", "/metrics");
  expect(String(metrics.body)).toMatch(/gb26875_refused_total\{reason="unknown_address"\} 0/);
});

test("values arrive in our units", async () => {
  const cloud = await new Cloud().start();
  const unit = await cloud.connect();
  const which = { system: 11, address: 1, component: 92, zone: 1, number: 1 };
  const level: DataUnit = {
    kind: "analogue_value",
    objects: [{ ...which, quantity: 2, value: 187, time: tag(Date.now()) }],
  };
  expect(await unit.report(encodeDataUnit(level))).toBe("acknowledged");
  const rows = await until("the level", async () => {
    const found = await cloud.api.readings("?kind=level&device=tank-fire");
    return found.length > 0 && found;
  });
  expect(rows).toMatchObject([{ value: 1.87, channel: null }]);
});

test("a cloud that dies at any moment between commit and acknowledgement takes what comes again for a repeat", async () => {
  const cloud = await new Cloud().start();
  const begun = Date.now() - 60_000;
  const frames: Frame[] = [];
  for (let round = 0; round < 6; round++) {
    const unit = await cloud.connect();
    const frame = { ...unit.frame(smoke(round % 2 === 0 ? fire : 0, 17, begun + round * 1_000)), serial: round };
    frames.push(frame);
    const before = (await cloud.contact("fire-unit-1-1-2-17", "fire")).length;
    unit.send(frame);
    if (round % 3 === 0) await unit.nextOf(command.acknowledge);
    if (round % 3 === 1) {
      await until("the commit", async () => (await cloud.contact("fire-unit-1-1-2-17", "fire")).length > before);
    }
    await cloud.restart();
    const again = await cloud.connect();
    for (const each of frames) {
      again.send({ ...each, sent: tag(Date.now()) });
      expect(await again.answerTo(each)).toBe("acknowledged");
    }
    again.end();
  }
  const rows = await until("all readings", async () => {
    const found = await cloud.contact("fire-unit-1-1-2-17", "fire");
    return found.length >= frames.length && found;
  });
  expect(rows.map(({ value }) => value).toReversed()).toEqual([1, 0, 1, 0, 1, 0]);
  const [gateway] = await cloud.api.gateways();
  expect(gateway).toMatchObject({ id: "fire-unit", received: [[1, expect.any(Number)]], missing: [] });
});

test("a full disk: nothing is acknowledged that can't be kept, and all of it once there is room", async () => {
  const disk = smallDisk();
  const cloud = await new Cloud({ data: disk.folder }).start();
  const unit = await cloud.connect();
  await unit.beat();
  const at = Date.now() - 10_000;
  expect(await unit.report(smoke(fire, 1, at))).toBe("acknowledged");
  disk.fill(cloud.service.pid);
  const held = unit.frame(smoke(fire, 2, at + 1_000));
  unit.send(held);
  await until("the cloud to notice", () => cloud.service.log.includes("the log can't be written"));
  // what has come by now was not an acknowledgement
  expect(unit.waiting.filter(({ serial }) => serial === held.serial)).toEqual([]);
  // a device that hears nothing gives up and comes by another connection
  const other = await cloud.connect();
  other.send(held);
  disk.free(cloud.service.pid);
  expect(await other.answerTo(held)).toBe("acknowledged");
  const rows = await until("the reading", async () => {
    const found = await cloud.contact("fire-unit-1-1-2-2", "fire");
    return found.length > 0 && found;
  });
  expect(rows).toHaveLength(1);
});

test("a post check goes down by the API, and nobody's answer is an alert's business", async () => {
  const cloud = await new Cloud().start();
  const call = (method: "GET" | "POST", body?: object) =>
    cloud.api.call(method, "/gateways/fire-unit/post-check", ...(body === undefined ? [] : [body]));
  expect((await call("GET")).body).toEqual({ postCheck: null });
  expect((await call("POST", { by: "王强" })).status).toBe(409);
  const unit = await cloud.connect();
  await unit.beat();
  const begun = await call("POST", { by: "王强", minutes: 3 });
  expect(begun).toMatchObject({ status: 200, body: { postCheck: { state: "asked", by: "王强", operator: null } } });
  const question = await unit.nextOf(command.control);
  expect([...question.data]).toEqual([91, 1, 3]);
  unit.send(unit.frame(new Uint8Array(), { serial: question.serial, command: command.acknowledge }));
  const answer: DataUnit = {
    kind: "unit_operation",
    objects: [{ operation: 1 << 5, operator: 4, time: tag(Date.now()) }],
  };
  await unit.report(encodeDataUnit(answer));
  const done = z.object({ postCheck: z.looseObject({ state: z.string() }) });
  const last = await until("the answer", async () => {
    const { postCheck } = done.parse((await call("GET")).body);
    return postCheck.state === "answered" && postCheck;
  });
  expect(last).toMatchObject({ by: "王强", operator: 4 });
  expect((await call("POST", { by: "王强", minutes: 11 })).status).toBe(400);
});

test("a device that falls silent is a silent gateway, and heard again with a heartbeat", async () => {
  const silence = { type: "gateway_silent", after: "2s" };
  const cloud = await new Cloud({
    rules: [{ id: "gone", name: { zh: "失联", en: "Gone" }, severity: "critical", when: silence }],
  }).start();
  const unit = await cloud.connect();
  await unit.beat();
  unit.end();
  const alert = await until("the alert", async () => (await cloud.api.alerts("?state=firing"))[0]);
  expect(alert).toMatchObject({ rule: "gone", device: null });
  const again = await cloud.connect();
  await until("the alert to clear", async () => {
    await again.beat();
    return (await cloud.api.alerts("?state=cleared")).some(({ rule }) => rule === "gone");
  });
});
